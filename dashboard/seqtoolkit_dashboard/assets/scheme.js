// Runs before anything is drawn, so that no page flashes in the other colours: the stored choice of this browser,
// under the name by which mantine looks for it, else the preference of the system.
{
    const stored = localStorage.getItem('mantine-color-scheme-value');
    const preferred = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    document.documentElement.dataset.mantineColorScheme = ['light', 'dark'].includes(stored) ? stored : preferred;
}
