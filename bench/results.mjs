// bench/RESULTS.md: one section a verb, between markers, with its figures beside it as JSON; a verb replaces its own
// section only, and the table of goals and the plot are made again from all that are there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { goals, isReached, margin, wanted } from './goals.mjs';
import { shown, table } from './measure.mjs';

const SECTION = /<!-- begin (\w+) (\{.*\}) -->\n([\s\S]*?)<!-- end \1 -->/g;

export function readResults(path) {
    const sections = new Map();
    if (existsSync(path)) for (const [, verb, facts, text] of readFileSync(path, 'utf8').matchAll(SECTION)) sections.set(verb, { facts: JSON.parse(facts), text });
    return sections;
}

function ranOn({ cpu, cores, kernel, commit, date }) {
    return `Commit ${commit}, ${date}; ${cpu}, ${cores} processors, Linux ${kernel}; server on core 0, load on core 1.`;
}

export function sectionOf(result, machine) {
    return {
        facts: { ...machine, rounds: result.rounds, seconds: result.seconds, figures: result.figures, bars: result.bars },
        text: `## ${result.title}\n\n${result.ran}\n\n${result.text}\n\n${ranOn(machine)} Load average when it began: ${result.loadBefore}. Took ${Math.round(result.took_s)} s.\n\n`,
    };
}

const digits = (value) => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

/** Every goal with what was measured for it last. */
export function judged(sections) {
    return goals.map((goal) => {
        const facts = sections.get(goal.verb)?.facts;
        const figure = facts?.figures[goal.figure];
        return { goal, facts, figure, reached: figure ? isReached(goal, figure) : undefined };
    });
}

export function goalTable(sections) {
    return table(['what', 'goal', 'median (min–max)', 'reached', 'measured at'], judged(sections).map(({ goal, facts, figure, reached }) => [goal.text, wanted(goal), figure ? shown(figure, digits(figure.value)) : 'not measured', figure ? (reached ? 'yes' : '**no**') : '', facts ? `${facts.commit}, ${facts.date}` : '']));
}

const escape = (text) => text.replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one]);

/* Bars by hand: name, bar, whisker from the least to the most, figure; a line where the goal, or nginx, lies. */
function panel(title, bars, top, most, line) {
    const left = 300, width = 440, row = 22;
    const x = (value) => left + width * Math.min(value, most) / most;
    const parts = [`<text x="12" y="${top}" class="title">${escape(title)}</text>`];
    bars.forEach((bar, index) => {
        const y = top + 12 + index * row;
        parts.push(`<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escape(bar.name)}</text>`);
        parts.push(`<rect x="${left}" y="${y + 2}" width="${(x(bar.value) - left).toFixed(1)}" height="14" class="${bar.kind}"/>`);
        if (bar.min !== undefined && bar.max > bar.min) parts.push(`<path d="M${x(bar.min).toFixed(1)} ${y + 9}H${x(bar.max).toFixed(1)}M${x(bar.min).toFixed(1)} ${y + 5}v8M${x(bar.max).toFixed(1)} ${y + 5}v8" class="whisker"/>`);
        parts.push(`<text x="${left + width + 10}" y="${y + 13}">${escape(bar.label)}</text>`);
    });
    const bottom = top + 12 + bars.length * row;
    parts.push(`<path d="M${x(line).toFixed(1)} ${top + 8}V${bottom}" class="line"/>`);
    return { svg: parts.join('\n'), bottom };
}

export function plot(sections) {
    const panels = [];
    let top = 24;
    const beside = sections.get('verify')?.facts;
    if (beside?.bars) {
        const most = Math.max(1.2, ...beside.bars.map((bar) => bar.max)) * 1.02;
        const made = panel('Requests/s on one core, as a ratio to nginx return 204 of the same rounds', beside.bars.map((bar) => ({ ...bar, kind: bar.name.startsWith('ward') ? 'ward' : 'peer', label: bar.value.toFixed(2) })), top, most, 1);
        panels.push(made.svg);
        top = made.bottom + 36;
    }
    const known = judged(sections).filter(({ figure, goal }) => figure && goal.most !== 0);
    if (known.length > 0) {
        const bars = known.map(({ goal, figure, reached }) => {
            const ends = [margin(goal, figure.min), margin(goal, figure.max)];
            return { name: goal.short, value: margin(goal, figure.value), min: Math.min(...ends), max: Math.max(...ends), kind: reached ? 'ward' : 'missed', label: `${figure.value.toFixed(digits(figure.value))} (goal ${wanted(goal)})` };
        });
        const made = panel('Margin to each goal: 1 is just reached, longer is better (cut at 3)', bars, top, 3, 1);
        panels.push(made.svg);
        top = made.bottom + 12;
    }
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 ${top}" width="920" height="${top}" font-family="sans-serif" font-size="12">
<style>.title{font-size:14px;font-weight:bold}.ward{fill:#2f6f9f}.peer{fill:#9aa5ad}.missed{fill:#c1502e}.whisker{stroke:#222;fill:none}.line{stroke:#222;stroke-dasharray:3 3}</style>
<rect width="920" height="${top}" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

export function writeResults(path, sections, order) {
    const plotName = path.replace(/\.md$/, '.svg');
    const parts = order.filter((verb) => sections.has(verb)).map((verb) => {
        const { facts, text } = sections.get(verb);
        return `<!-- begin ${verb} ${JSON.stringify(facts)} -->\n${text}<!-- end ${verb} -->`;
    });
    writeFileSync(path, `# What the bench measured

Made by \`./dev bench\` (bench/bench.mjs); do not edit. Absolute figures of a virtual machine mean little, so nearly everything
is a ratio of the same round: medians of interleaved rounds, least and most behind them.

![bars](${plotName.split('/').at(-1)})

${goalTable(sections)}

${parts.join('\n\n')}
`);
    writeFileSync(plotName, plot(sections));
}
