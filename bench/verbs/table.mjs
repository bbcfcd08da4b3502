// ward_verify() in a loop against the least that a verification by keyed hash must do; bench/table.c measures.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { shown, table, thousands } from '../measure.mjs';
import { SERVER_CORE } from '../peers.mjs';

export const about = 'ward_verify() in a loop at 10⁶ keys (1 minute); --large: at 10⁷ too (3 minutes, 7 GB of disk and of memory)';

function measure(context, count) {
    return new Promise((resolve, reject) => {
        const child = spawn('taskset', ['-c', SERVER_CORE, join(context.build, 'bench/table'), `${count}`, `${context.rounds}`, context.subdirectory(`table-${count}`)], { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.on('data', (part) => { text += part; });
        child.on('exit', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`table at ${count} keys ended with ${code}; not every key was valid?`))));
    });
}

export async function run(context) {
    const rows = [];
    const figures = {};
    for (const count of context.large ? [1_000_000, 10_000_000] : [1_000_000]) {
        context.say(`  table at ${count} keys`);
        const result = await measure(context, count);
        const ratio = { value: result.ratio, min: result.ratio_min ?? result.ratio, max: result.ratio_max ?? result.ratio };
        figures[`ratio_${count}`] = ratio;
        rows.push([thousands(count), `${result.floor_ns}`, `${result.verify_ns}`, shown(ratio), `${thousands(result.valid)} of ${thousands(result.calls)}`]);
        context.remove(`table-${count}`);
    }
    return {
        title: 'ward_verify() in a loop',
        ran: `Random keys, the limit counted, ${context.rounds} rounds of 1,000,000 calls, on one core; the floor is one keyed hash of the same key and one random read of 128 bytes that depends on it, in the same rounds. What it takes to draw a key is off both.`,
        text: table(['keys', 'floor, ns', 'ward_verify(), ns', 'ratio', 'valid'], rows),
        figures,
    };
}
