// Durable creates: one client waits for each sync, 64 clients share them.
import { copied, requests, seeded } from '../data.mjs';
import { busyOf, interleave, ratios, shown, spread, statusesOf, table, thousands } from '../measure.mjs';
import { load, metrics, ward } from '../peers.mjs';

export const about = 'durable creates/s, 64 clients against 1 (1 minute)';

export async function run(context) {
    const { rounds, seconds, say } = context;
    const source = copied(context, seeded(context, 1000));
    const send = requests(context, source);
    const server = await ward(context.program, source.data, context.directory);
    const before = await metrics(source.data);
    let number = 0;
    const creates = (connections) => async (round) => {
        number += 1_000_000;
        return load(context.loadProgram, server, { connect: server.addresses.tcp, request: send.create, connections, seconds, number, seed: round + 1 });
    };
    const results = await interleave([{ name: '1 client', run: creates(1) }, { name: '64 clients', run: creates(64) }], rounds, say);
    const after = await metrics(source.data);
    const rps = results.map((runs) => runs.map((run) => run.rps));
    const rows = ['1 client', '64 clients'].map((name, index) => [name, shown(spread(rps[index]), 0), spread(results[index].map((run) => run.p50_us / 1000)).value.toFixed(2), spread(results[index].map((run) => run.p99_us / 1000)).value.toFixed(2), spread(results[index].map((run) => run.cpu_us)).value.toFixed(0), busyOf(results[index]), statusesOf(name, results[index], [201])]);
    const commits = after.ward_store_commits_total - before.ward_store_commits_total;
    const syncs = after.ward_store_syncs_total - before.ward_store_syncs_total;
    return {
        title: 'Durable creates',
        ran: `\`POST /api-keys\` over TCP, each answered after its change is synced and in the table; ${rounds} interleaved rounds of ${seconds} s. All in all ${thousands(commits)} creates in ${thousands(syncs)} syncs.`,
        text: table(['case', 'creates/s (min–max)', 'p50 ms', 'p99 ms', 'CPU µs', 'busy: server / client', 'statuses'], rows),
        figures: { group_commit: ratios(rps[1], rps[0]) },
    };
}
