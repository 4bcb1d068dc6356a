// Cells of the table of runs. React writes text, never HTML, so a hostile name stays a name.
window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};

window.dashAgGridComponentFunctions.Status = (props) =>
    React.createElement('span', {className: `status ${props.value}`}, props.value);

window.dashAgGridComponentFunctions.Architecture = (props) =>
    props.value &&
    React.createElement(
        'span',
        {className: 'architecture'},
        React.createElement('span', {className: 'dot', style: {background: props.data.colour}}),
        props.value
    );
