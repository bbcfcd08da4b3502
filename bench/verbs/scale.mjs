// The same verifications at 1,000,000 keys as at 100,000: two servers, one data directory each.
import { requests, seeded } from '../data.mjs';
import { busyOf, interleave, k, ratios, shown, spread, statusesOf, table, thousands } from '../measure.mjs';
import { load, ward } from '../peers.mjs';

export const about = '1,000,000 keys against 100,000, uniform and Zipf (5 minutes)';

export async function run(context) {
    const { rounds, seconds, say } = context;
    const sizes = [context.keys, context.manyKeys];
    const servers = [];
    for (const count of sizes) {
        const source = seeded(context, count);
        const own = { ...context, directory: context.subdirectory(`scale-${count}`) };
        servers.push({ count, source, send: requests(own, source), server: await ward(context.program, source.data, own.directory) });
    }
    const doors = [
        ['authorize_tcp', 'authorize, TCP', ({ server, send }) => ({ connect: server.addresses.verify, request: send.authorize }), [200, 401]],
        ['authorize_unix', 'authorize, unix socket', ({ server, send }) => ({ connect: `unix:${server.socket}`, request: send.authorize }), [200, 401]],
        ['authenticate_tcp', 'authenticate, JSON, TCP', ({ server, send }) => ({ connect: server.addresses.tcp, request: send.authenticate }), context.statuses.authenticate],
    ];
    const specs = [];
    for (const [figure, name, options, expected] of doors) {
        for (const [draw, zipf] of [['uniform', 0], ['zipf', 0.99]]) {
            for (const one of servers) specs.push({ figure: `${figure}_${draw}`, name: `${name}, ${draw}`, one, expected, options: { ...options(one), keys: one.source.keysFile, unknown: 0.05, seconds, zipf } });
        }
    }
    const results = await interleave(specs.map(({ name, one, options }, index) => ({ name: `${name}, ${one.count} keys`, run: (round) => load(context.loadProgram, one.server, { ...options, seed: round * 100 + index + 1 }) })), rounds, say);
    const rows = [];
    const figures = {};
    for (let index = 0; index < specs.length; index += 2) {
        const [few, many] = [results[index], results[index + 1]];
        const pick = (runs, member) => runs.map((run) => run[member]);
        figures[specs[index].figure] = ratios(pick(many, 'rps'), pick(few, 'rps'));
        const rps = (runs) => { const { value, min, max } = spread(pick(runs, 'rps')); return `${k(value)} (${k(min)}–${k(max)})`; };
        rows.push([specs[index].name, rps(few), rps(many), shown(figures[specs[index].figure]), shown(ratios(pick(many, 'cpu_us'), pick(few, 'cpu_us'))), busyOf([...few, ...many]), statusesOf(specs[index].name, [...few, ...many], specs[index].expected)]);
    }
    const [few, many] = sizes.map(thousands);
    return {
        title: `${many} keys against ${few}`,
        ran: `Two Ward servers on one core, a data directory each; 5 % unknown keys, 48 connections, ${rounds} interleaved rounds of ${seconds} s; ratio of the same round.`,
        text: table(['case', `requests/s at ${few}, k`, `at ${many}, k`, 'ratio', 'CPU ratio', 'busy: server / client', 'statuses'], rows),
        figures,
    };
}
