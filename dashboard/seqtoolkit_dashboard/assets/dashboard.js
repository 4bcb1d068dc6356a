// What must run in the browser: the colour scheme, page titles, the search field, and cells of the table of runs.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.seqtoolkit = {
    // The stored choice of this browser, else the preference of the system; a click switches and stores.
    scheme: (_clicks, now) => {
        const key = 'seqtoolkit-scheme';
        const preferred = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
        const next = now ? (now === 'dark' ? 'light' : 'dark') : localStorage.getItem(key) || preferred;
        if (now) localStorage.setItem(key, next);
        document.body.dataset.agThemeMode = next; // the table reads it there
        return [next, next];
    },

    name: (path, titles) => {
        document.title = `${titles[path] || 'Not found'} · seqtoolkit`;
    },

    search: (words, options) => ({...options, quickFilterText: words || ''}),
};

// React writes text, never HTML, so a hostile name stays a name.
window.dashAgGridComponentFunctions = {
    Status: ({value}) => React.createElement('span', {className: `status ${value}`}, value),

    Architecture: ({value, data}) => {
        const dot = React.createElement('span', {className: 'dot', style: {background: data.colour}});
        return value && React.createElement('span', {className: 'architecture'}, dot, value);
    },
};
