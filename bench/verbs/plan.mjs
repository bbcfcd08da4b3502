// Usage plans: exactly what they say passes under 64 threads in 4 processes, and what a stage costs in a verification.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { table, thousands } from '../measure.mjs';
import { SERVER_CORE } from '../peers.mjs';

export const about = 'a plan under 64 threads in 4 processes, 1,000 windows of each kind; what a stage costs (1 minute)';

const WINDOWS = 1000;
const KINDS = ['a rate in seconds', 'a quota in days', 'a quota in months'];

function output(program, args, env = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
        let text = '';
        child.stdout.on('data', (part) => { text += part; });
        child.stderr.on('data', (part) => { text += part; });
        child.on('error', reject);
        child.on('exit', (code) => (code === 0 ? resolve(text) : reject(new Error(`${program} ended with ${code}:\n${text}`))));
    });
}

/* The test says for each kind how many windows were not exact; it is the unit suite's, with more windows. */
async function exactness(context) {
    const program = join(context.build, 'tests/unit/verify/test-verify-plan_processes');
    if (!existsSync(program)) throw new Error(`${program} is not built (./dev test unit)`);
    context.say(`  ${thousands(WINDOWS)} windows of each kind`);
    const text = await output(program, [], { WARD_PLAN_WINDOWS: `${WINDOWS}` });
    const found = [...text.matchAll(/admitted (\d+) in each of (\d+) windows, (\d+) wrong/g)].map((match) => match.slice(1).map(Number));
    if (found.length !== KINDS.length) throw new Error(`the test said nothing of ${KINDS.length} kinds of windows:\n${text}`);
    return found.map(([admitted, windows, wrong], index) => ({ kind: KINDS[index], admitted, windows, wrong }));
}

export async function run(context) {
    const windows = await exactness(context);
    context.say(`  ward_verify() at ${thousands(context.keys)} subscribed keys`);
    const loop = JSON.parse(await output('taskset', ['-c', SERVER_CORE, join(context.build, 'bench/plan'), `${context.keys}`, `${context.rounds}`, context.subdirectory('plan')]));
    const exact = windows.reduce((sum, one) => sum + one.windows - one.wrong, 0);
    const rows = windows.map((one) => [one.kind, `${one.admitted} of 128`, thousands(one.windows), `${one.wrong}`]);
    return {
        title: 'Usage plans',
        ran: `64 threads in 4 processes, each with a verifier of its own, two attempts each in each window. The loop: random keys, on one core, ${context.rounds} rounds of 500,000 calls each without a stage and with one (product, stage throttle, plan rate, both quotas).`,
        text: `${table(['windows', 'let in', 'of them', 'not exact'], rows)}\n\n${table(['`ward_verify()`, subscribed keys', 'without a stage, ns', 'with one, ns', 'valid'], [[thousands(loop.keys), `${loop.plain_ns}`, `${loop.stage_ns}`, `${thousands(loop.valid)} of ${thousands(loop.calls)}`]])}`,
        figures: { exact_windows: { value: exact, min: exact, max: exact } },
    };
}
