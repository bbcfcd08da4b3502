// What a usage plan costs a gateway: the same call to the same server with a stage and without.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { copied, requests, seeded } from '../data.mjs';
import { busyOf, interleave, k, ratios, shown, spread, statusesOf, table, thousands } from '../measure.mjs';
import { load, ward } from '../peers.mjs';

export const about = 'authorize over HTTP with a usage plan against without, 100,000 subscribed keys (1 minute)';

export async function run(context) {
    const { rounds, seconds, say, keys: count } = context;
    const source = copied(context, seeded(context, count));
    say(`  subscribing ${count} keys`);
    const made = JSON.parse(execFileSync(join(context.build, 'bench/subscribe'), [source.data], { stdio: ['ignore', 'pipe', 'inherit'] }));
    const send = requests(context, source);
    const withPlan = send.file('with-plan', `GET /v1/authorize HTTP/1.1\r\nHost: x\r\nx-api-key: %K\r\nward-product: ${made.product}\r\nward-api: ${made.api}\r\nward-stage: ${made.stage}\r\n\r\n`);
    const server = await ward(context.program, source.data, context.directory);
    const common = { keys: source.keysFile, unknown: 0.05, seconds };
    const tcp = { ...common, connect: server.addresses.verify }, unix = { ...common, connect: `unix:${server.socket}` };
    const specs = [
        ['without a plan, TCP', { ...tcp, request: send.authorize }], ['with product, API, stage and plan, TCP', { ...tcp, request: withPlan }],
        ['without a plan, unix socket', { ...unix, request: send.authorize }], ['with product, API, stage and plan, unix socket', { ...unix, request: withPlan }],
    ];
    const results = await interleave(specs.map(([name, options], index) => ({ name, run: (round) => load(context.loadProgram, server, { ...options, seed: round * 100 + index + 1 }) })), rounds, say);
    const rps = results.map((runs) => runs.map((run) => run.rps));
    const cpu = results.map((runs) => runs.map((run) => run.cpu_us));
    const rows = specs.map(([name], index) => {
        const runs = results[index], base = index < 2 ? 0 : 2;
        const { value, min, max } = spread(rps[index]);
        return [name, `${k(value)} (${k(min)}–${k(max)})`, shown(ratios(rps[index], rps[base])), shown(spread(cpu[index])), shown(ratios(cpu[index], cpu[base])), spread(runs.map((run) => run.p99_us)).value.toFixed(0), busyOf(runs), statusesOf(name, runs, [200, 401])];
    });
    return {
        title: 'Verification with a usage plan',
        ran: `${thousands(count)} keys with a limit each, all subscribed to one product and held to one plan on its stage, with a rate, a day's and a month's quota that no run reaches; uniform, 5 % unknown, 48 keep-alive connections, ${rounds} interleaved rounds of ${seconds} s on one server.`,
        text: table(['case', 'requests/s, k (min–max)', 'ratio', 'CPU µs a request', 'CPU ratio', 'p99 µs', 'busy: server / client', 'statuses'], rows),
        figures: { with_plan: ratios(rps[1], rps[0]), with_plan_unix: ratios(rps[3], rps[2]) },
    };
}
