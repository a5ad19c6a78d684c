/** The look of the report: light, dark and on paper. No font, image or script from anywhere. */

export const reportStyle = `
:root { color-scheme: light dark; --ground: #f4f4f1; --paper: #ffffff; --ink: #1c2127; --soft: #626b76; --line: #e2e3df;
  --accent: #3459c7; --good: #17794a; --warn: #a45f00; --bad: #bd2f27; --wash: #f0f2f8; --good-wash: #e5f4ec; --warn-wash: #fbf0dd; --bad-wash: #fbe7e5; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1216; --paper: #171b21; --ink: #e8ebef; --soft: #9aa4b0; --line: #2b323b;
  --accent: #84a5ff; --good: #55c993; --warn: #e5ad55; --bad: #ff8278; --wash: #1e2430; --good-wash: #14291f; --warn-wash: #2d2413; --bad-wash: #331b1a; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1060px; margin: 0 auto; padding: 48px 24px 72px; }
header { margin-bottom: 28px; }
.over { color: var(--soft); font-size: 13px; letter-spacing: .02em; margin: 0 0 6px; }
h1 { font-size: 34px; line-height: 1.15; letter-spacing: -.02em; margin: 0 0 14px; font-weight: 650; display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
h1 .versions { color: var(--soft); font-weight: 450; }
h2 { font-size: 18px; letter-spacing: -.01em; margin: 0 0 14px; font-weight: 640; }
h3 { font-size: 14px; margin: 18px 0 6px; font-weight: 640; }
p { margin: 0 0 10px; }
.lead { font-size: 17px; max-width: 74ch; margin: 0; }
.pill { display: inline-block; font-size: 14px; font-weight: 600; letter-spacing: 0; line-height: 1; padding: 7px 12px; border-radius: 99px; background: var(--wash); color: var(--accent); white-space: nowrap; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .soft { color: var(--soft); }
.pill.good { background: var(--good-wash); } .pill.warn { background: var(--warn-wash); } .pill.bad { background: var(--bad-wash); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 20px; }
.tile { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; }
.tile b { display: block; font-size: 25px; line-height: 1.2; font-weight: 620; letter-spacing: -.02em; }
.tile span { color: var(--soft); font-size: 13px; } .tile i { display: block; font-style: normal; color: var(--soft); font-size: 12px; margin-top: 4px; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 24px 26px; margin: 0 0 20px; }
.scroll { overflow-x: auto; }
table { width: 100%; min-width: 560px; border-collapse: collapse; font-size: 14px; }
th { text-align: left; font-weight: 550; color: var(--soft); font-size: 12.5px; padding: 0 14px 8px 0; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: bottom; }
td { padding: 9px 14px 9px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child > td { border-bottom: 0; } th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; } .now { white-space: nowrap; }
tfoot td { font-weight: 620; border-top: 1px solid var(--line); border-bottom: 0; } tfoot small { font-weight: 400; }
tr.stage > td { padding-top: 18px; font-weight: 620; border-bottom: 0; } tbody > tr.stage:first-child > td { padding-top: 10px; }
code { font: 12.5px/1.5 ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
small { font-size: 12.5px; color: var(--soft); display: block; }
ul { margin: 0; padding-left: 20px; } li { margin: 4px 0; }
ul.checks { list-style: none; padding: 0; } ul.checks li { display: flex; gap: 10px; }
.box { flex: none; width: 17px; height: 17px; margin-top: 3px; border: 1.5px solid var(--soft); border-radius: 5px; text-align: center; font-size: 12px; line-height: 14px; }
.box.on { background: var(--good); border-color: var(--good); color: var(--paper); font-weight: 700; }
.tag { font-size: 12px; font-weight: 600; padding: 2px 8px; border-radius: 6px; background: var(--wash); color: var(--soft); }
.tag.bad { background: var(--bad-wash); color: var(--bad); } .tag.warn { background: var(--warn-wash); color: var(--warn); } .tag.good { background: var(--good-wash); color: var(--good); }
details summary { cursor: pointer; color: var(--accent); font-size: 14px; } details[open] summary { margin-bottom: 12px; }
table.narrow { min-width: 0; }
.trail td { padding: 4px 14px 4px 0; font-size: 13px; border-bottom: 0; }
svg { display: block; width: 100%; min-width: 720px; height: auto; }
svg text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .stage-name { font-weight: 640; } svg .faint, svg .axis { fill: var(--soft); } svg .axis { font-size: 11.5px; }
svg .row { stroke: var(--line); } svg .rail { fill: var(--line); opacity: .45; }
svg .apply { fill: var(--accent); } svg .rollback { fill: var(--warn); } svg .failed { fill: var(--bad); } svg .stopped { fill: var(--accent); opacity: .55; }
svg .idle { fill: url(#waiting); } svg .hatch { stroke: var(--soft); stroke-width: 1; opacity: .45; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 14px 0 0; font-size: 12.5px; color: var(--soft); }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; vertical-align: -1px; background: var(--accent); }
.legend .l-rollback { background: var(--warn); } .legend .l-failed { background: var(--bad); } .legend .l-stopped { opacity: .55; }
.legend .l-idle { background: repeating-linear-gradient(45deg, var(--soft) 0 1px, transparent 1px 4px); border: 1px solid var(--line); }
footer { color: var(--soft); font-size: 12.5px; margin-top: 28px; }
@media (max-width: 640px) { main { padding: 24px 14px 48px; } section { padding: 18px 16px; } h1 { font-size: 27px; } }
@media print {
  :root { color-scheme: light; --ground: #fff; --paper: #fff; --ink: #111; --soft: #555; --line: #d8d8d4; --accent: #3459c7; --good: #17794a; --warn: #a45f00; --bad: #bd2f27; --wash: #f0f2f8; --good-wash: #e5f4ec; --warn-wash: #fbf0dd; --bad-wash: #fbe7e5; }
  @page { margin: 16mm 14mm; }
  body { font-size: 11.5px; } main { max-width: none; padding: 0; } section, .tile { break-inside: avoid; border-radius: 6px; } section.long { break-inside: auto; }
  tr, li { break-inside: avoid; } .scroll { overflow: visible; } svg { min-width: 0; } h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; } details summary { display: none; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`
