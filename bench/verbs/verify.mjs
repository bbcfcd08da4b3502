// Ward beside nginx and HAProxy: the same keys, one core each for server and client, as a ratio to nginx `return 204`.
import { requests, seeded } from '../data.mjs';
import { busyOf, interleave, k, ratios, shown, spread, statusesOf, table, thousands } from '../measure.mjs';
import { haproxy, load, nginx204, nginxMap, ward } from '../peers.mjs';

export const about = 'Ward beside nginx and HAProxy, 100,000 keys (3 minutes)';

export async function run(context) {
    const { rounds, seconds, say, keys: count } = context;
    const source = seeded(context, count);
    const send = requests(context, source);
    const server = await ward(context.program, source.data, context.directory);
    const base = await nginx204(context.directory);
    const map = await nginxMap(context.directory, source.keys());
    const proxy = await haproxy(context.directory, source.keys());
    const common = { keys: source.keysFile, unknown: 0.05, seconds };
    const specs = [
        ['nginx `return 204`', base, { seconds, connect: base.port, request: send.plain }, [204]],
        ['ward authorize, TCP', server, { ...common, connect: server.addresses.verify, request: send.authorize }, [200, 401]],
        ['ward authorize, unix socket', server, { ...common, connect: `unix:${server.socket}`, request: send.authorize }, [200, 401]],
        ['ward authenticate, JSON, TCP', server, { ...common, connect: server.addresses.tcp, request: send.authenticate }, context.statuses.authenticate],
        ['nginx `map` + `limit_req`', map, { ...common, connect: map.port, request: send.authorize }, [200, 401]],
        ['HAProxy map of hashes + stick table', proxy, { ...common, connect: proxy.port, request: send.authorize }, [200, 401]],
    ];
    const results = await interleave(specs.map(([name, peer, options], index) => ({ name, run: (round) => load(context.loadProgram, peer, { ...options, seed: round * 100 + index + 1 }) })), rounds, say);
    const rps = results.map((runs) => runs.map((run) => run.rps));
    const cpu = results.map((runs) => runs.map((run) => run.cpu_us));
    const rows = specs.map(([name, , , expected], index) => {
        const runs = results[index];
        const { value, min, max } = spread(rps[index]);
        return [name, `${k(value)} (${k(min)}–${k(max)})`, shown(ratios(rps[index], rps[0])), shown(spread(cpu[index])), shown(ratios(cpu[index], cpu[0])),
            spread(runs.map((run) => run.p50_us)).value.toFixed(0), spread(runs.map((run) => run.p99_us)).value.toFixed(0), busyOf(runs), statusesOf(name, runs, expected)];
    });
    return {
        title: 'Verification beside nginx and HAProxy',
        ran: `${thousands(count)} keys with a limit each, uniform, 5 % unknown, 48 keep-alive connections with one request in flight, ${rounds} interleaved rounds of ${seconds} s. Busy is the share of the measured time that each ran on its core: where the server is below 0.95 it was not saturated (by a client that is near 1, or because somebody else ran there), and CPU a request says more than requests/s.`,
        text: table(['case', 'requests/s, k (min–max)', 'ratio to nginx 204', 'CPU µs a request', 'CPU ratio', 'p50 µs', 'p99 µs', 'busy: server / client', 'statuses'], rows),
        figures: {
            authorize_tcp: ratios(rps[1], rps[0]),
            authorize_tcp_cpu: ratios(cpu[1], cpu[0]),
            authorize_unix: ratios(rps[2], rps[0]),
            authenticate_tcp: ratios(rps[3], rps[0]),
            against_nginx_map: ratios(rps[1], rps[4]),
            against_haproxy: ratios(rps[1], rps[5]),
        },
        bars: specs.map(([name], index) => ({ name: name.replaceAll('`', ''), ...ratios(rps[index], rps[0]) })),
    };
}
