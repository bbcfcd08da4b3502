// Rounds, medians and spread: what every verb shares.

export const median = (list) => { const sorted = [...list].sort((a, b) => a - b); return sorted[Math.floor(sorted.length / 2)]; };

/** Median and spread of one figure over the rounds. */
export const spread = (list) => ({ value: median(list), min: Math.min(...list), max: Math.max(...list) });

/** One figure over another of the same round: noise that lasts longer than a round falls out. */
export const ratios = (above, below) => spread(above.map((value, round) => value / below[round]));

/**
 * Run cases in interleaved rounds: every case once a round, the order turned a place each round, so that none always
 * runs behind the same other one. cases: [{ name, run(round) }]; gives a list of results for each.
 */
export async function interleave(cases, rounds, say) {
    const results = cases.map(() => []);
    for (let round = 0; round < rounds; round += 1) {
        for (let step = 0; step < cases.length; step += 1) {
            const index = (step + round) % cases.length;
            const result = await cases[index].run(round);
            results[index][round] = result;
            say(`  round ${round + 1} ${cases[index].name}: ${result.text ?? `${Math.round(result.rps)} requests/s`}`);
        }
    }
    return results;
}

export const k = (value) => (value / 1000).toFixed(1);
export const thousands = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');
export const shown = ({ value, min, max }, digits = 2) => `${value.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;

/** A Markdown table from rows of cells. */
export const table = (head, rows) => [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');

/** Statuses of all rounds, added up; throws when one was not expected or an expected one was never seen. */
export function statusesOf(name, runs, expected) {
    const seen = {};
    for (const run of runs) for (const [status, count] of Object.entries(run.statuses)) seen[status] = (seen[status] ?? 0) + count;
    const wrong = Object.keys(seen).filter((status) => !expected.includes(Number(status)));
    if (wrong.length > 0) throw new Error(`${name}: answered ${wrong.map((status) => `${seen[status]} × ${status}`).join(', ')}; expected ${expected.join(', ')} only`);
    const missing = expected.filter((status) => !seen[status]);
    if (missing.length > 0) throw new Error(`${name}: never answered ${missing.join(', ')}; what was measured is not what was meant`);
    const total = Object.values(seen).reduce((sum, count) => sum + count, 0);
    return Object.entries(seen).map(([status, count]) => `${status}: ${(100 * count / total).toFixed(1)} %`).join(', ');
}

/** How busy server and client were: of two that share nothing else, the one near 1 is the bound. */
export const busyOf = (runs) => `${spread(runs.map((run) => run.busy)).value.toFixed(2)} / ${spread(runs.map((run) => run.own_busy)).value.toFixed(2)}`;
