// What must run in the browser: the colour scheme, page titles, the search field, and cells of the table of runs.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.seqtoolkit = {
    // What the page began with; a click switches and stores.
    scheme: (_clicks, now) => {
        const shown = document.documentElement.dataset.mantineColorScheme; // by scheme.js
        const next = now ? (now === 'dark' ? 'light' : 'dark') : shown;
        if (now) localStorage.setItem('mantine-color-scheme-value', next);
        document.body.dataset.agThemeMode = next; // the table reads it there
        return [next, next];
    },

    name: (path, titles) => {
        document.title = `${titles[path] || 'Not found'} · seqtoolkit`;
    },

    search: (words, options) => ({...options, quickFilterText: words || ''}),
};

// Save a plot as a file, drawn anew on the surface that it stands on; nothing leaves the browser.
document.addEventListener('click', ({target}) => {
    const format = target.dataset && target.dataset.save;
    const plot = format && target.closest('figure').querySelector('.js-plotly-plot');
    if (!plot || !window.Plotly) return;
    const title = (target.closest('section') || document).querySelector('h2, h1').textContent;
    const surface = getComputedStyle(target.closest('section, figure')).backgroundColor;
    const {clientWidth: width, clientHeight: height} = plot;
    const layout = {...plot.layout, width, height, paper_bgcolor: surface, title: {}};
    Plotly.downloadImage(
        {data: plot.data, layout}, {format, width, height, scale: format === 'png' ? 2 : 1, filename: slug(title)});
});
const slug = text => text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'picture';

// React writes text, never HTML, so a hostile name stays a name.
window.dashAgGridComponentFunctions = {
    Status: ({value}) => React.createElement('span', {className: `status ${value}`}, value),

    Architecture: ({value, data}) => {
        const dot = React.createElement('span', {className: 'dot', style: {background: data.colour}});
        return value && React.createElement('span', {className: 'architecture'}, dot, value);
    },
};

// What the server wrote into the page gives way, in the same frame, to the interactive page that was drawn behind it.
{
    const first = document.getElementById('first');
    const ready = () => {
        const table = document.querySelector('#content .runs-grid');
        const drawn = table && !table.closest('[hidden]') ? '.ag-root [row-id], .ag-overlay' : 'h1';
        return document.querySelector(`#content ${drawn}`);
    };
    const observer = new MutationObserver(() => {
        if (!ready()) return;
        observer.disconnect();
        first.remove();
    });
    observer.observe(document.getElementById('react-entry-point'), {childList: true, subtree: true});
}
