/** Light and dark, phone and laptop. Every pair of colours has a contrast of 4.5 or more. */
export const CSS = `
:root { --bg: #fbfbfd; --card: #fff; --text: #1c1b22; --soft: #55535f; --line: #d9d7e0; --link: #4a1fc4; --good: #146c2e; --good-bg: #e6f4ea; --warn: #7a4b00; --warn-bg: #fdf1dc; --bad: #a3121b; --bad-bg: #fdeaea; --accent: #5b2be0; --on-accent: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #14131a; --card: #1e1c26; --text: #eeedf3; --soft: #b7b4c4; --line: #3a3746; --link: #b9a4ff; --good: #8ddc9f; --good-bg: #14301c; --warn: #f5c772; --warn-bg: #38290c; --bad: #ffa9a9; --bad-bg: #431b1e; --accent: #b9a4ff; --on-accent: #14131a; }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; }
body { margin: 0; background: var(--bg); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 8px; top: 8px; background: var(--card); padding: 8px 12px; z-index: 1; }
header { background: var(--card); border-bottom: 1px solid var(--line); padding: 8px 16px; display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: center; }
.brand { font-weight: 700; margin: 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 2px; margin: 0; padding: 0; }
nav a { display: block; padding: 6px 10px; border-radius: 6px; text-decoration: none; color: var(--text); }
nav a:hover { text-decoration: underline; }
nav a[aria-current] { background: var(--accent); color: var(--on-accent); font-weight: 600; }
main { max-width: 1200px; margin: 0 auto; padding: 16px; }
main:focus { outline: none; }
footer { max-width: 1200px; margin: 0 auto; padding: 0 16px 24px; color: var(--soft); font-size: 14px; }
h1 { font-size: 26px; margin: 8px 0 0; }
h2 { font-size: 20px; margin: 24px 0 8px; }
h3 { font-size: 17px; margin: 0; overflow-wrap: anywhere; }
.intro, .about, .since, .hint, .where { color: var(--soft); margin: 4px 0 12px; max-width: 75ch; }
.note { border: 1px solid var(--line); border-left-width: 6px; border-radius: 6px; background: var(--card); padding: 10px 14px; margin: 12px 0; }
.note p { margin: 0; }
.note ul { margin: 4px 0; padding-left: 20px; }
.note.good { border-left-color: var(--good); background: var(--good-bg); }
.note.trouble { border-left-color: var(--bad); background: var(--bad-bg); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(110px, 1fr)); gap: 8px; margin: 8px 0; }
.figure { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; }
.figure dt { color: var(--soft); font-size: 14px; }
.figure dd { margin: 0; font-size: 22px; font-weight: 650; font-variant-numeric: tabular-nums; }
.figure dd small { font-size: 14px; font-weight: 400; color: var(--soft); }
.figure.failed dd, .figure.refused dd { color: var(--bad); }
.figure.delivered dd, .figure.read dd { color: var(--good); }
.row { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; margin: 12px 0; }
.next { background: var(--warn-bg); border: 1px solid var(--line); border-left: 6px solid var(--warn); border-radius: 8px; padding: 4px 16px; margin: 16px 0; }
.next h2 { margin-top: 8px; }
.next ol, .reasons { padding-left: 22px; }
.next .where { color: var(--text); }
.reason-box { margin: 8px 0; overflow-wrap: anywhere; }
.reason-box p { margin: 2px 0; }
.do { font-size: 17px; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
caption { text-align: left; padding: 8px 10px; color: var(--soft); font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 8px 10px; border-top: 1px solid var(--line); overflow-wrap: break-word; min-width: 90px; }
table .id { display: inline-block; min-width: 150px; }
thead th { color: var(--soft); font-size: 14px; white-space: nowrap; }
tbody th { font-weight: 600; }
.state { font-weight: 600; white-space: nowrap; }
.state.good { color: var(--good); } .state.warn { color: var(--warn); } .state.bad { color: var(--bad); }
.none, small { color: var(--soft); }
.id { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: 14px; overflow-wrap: anywhere; }
form.filter { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: end; margin: 12px 0; }
form.stack { display: grid; gap: 12px; max-width: 560px; }
label { display: block; font-weight: 600; font-size: 15px; }
input:not([type="checkbox"]), select, textarea { display: block; width: 100%; max-width: 100%; font: inherit; font-weight: 400; color: var(--text); background: var(--card); border: 1px solid var(--soft); border-radius: 6px; padding: 7px 9px; }
td input, td form { margin: 0; }
::placeholder { color: var(--soft); opacity: 1; }
button { font: inherit; font-weight: 600; border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent); border-radius: 6px; padding: 8px 14px; cursor: pointer; min-height: 40px; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; margin: 0; }
fieldset { border: 1px solid var(--line); border-radius: 6px; display: grid; gap: 10px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 8px; }
.facts dt { color: var(--soft); font-size: 14px; } .facts dd { margin: 0; }
.steps { border-left: 3px solid var(--line); list-style: none; padding-left: 16px; }
.steps li { margin: 0 0 12px; overflow-wrap: anywhere; }
.steps .refused strong, .steps .in-doubt strong { color: var(--bad); }
.checks { list-style: none; padding: 0; }
.checks li { background: var(--card); border: 1px solid var(--line); border-left: 6px solid var(--soft); border-radius: 6px; padding: 8px 14px; margin: 8px 0; overflow-wrap: anywhere; }
.checks li.right { border-left-color: var(--good); } .checks li.wrong { border-left-color: var(--bad); }
.checks p { margin: 2px 0; max-width: 90ch; }
.mark { font-size: 14px; text-transform: uppercase; letter-spacing: 0.03em; color: var(--soft); }
.wrong .mark { color: var(--bad); } .right .mark { color: var(--good); }
pre { overflow: auto; max-height: 400px; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 10px; font-size: 14px; }
summary { cursor: pointer; padding: 4px 0; font-weight: 600; }
@media (max-width: 600px) { h1 { font-size: 22px; } main { padding: 12px; } nav a { padding: 8px; } .figure dd { font-size: 19px; } form.filter label { flex: 1 1 100%; } }
`;
