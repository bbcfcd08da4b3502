// What a key and a connection cost in memory.
import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

import { requests, seeded } from '../data.mjs';
import { shown, spread, table, thousands } from '../measure.mjs';
import { metrics, pause, residentBytes, ward } from '../peers.mjs';

export const about = 'bytes a key in table and index at 1,000,000 keys; memory of an idle connection (1 minute)';

const CONNECTIONS = 1000;

/** Open keep-alive connections that asked once and go on waiting. */
async function openIdle(port, request, count) {
    const sockets = [];
    for (let n = 0; n < count; n += 50) {
        await Promise.all(Array.from({ length: Math.min(50, count - n) }, () => new Promise((resolve, reject) => {
            const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
            socket.once('data', resolve);
            socket.once('error', reject);
            sockets.push(socket);
        })));
    }
    return sockets;
}

async function closeAll(sockets) {
    await Promise.all(sockets.map((socket) => new Promise((resolve) => { socket.once('close', resolve); socket.destroy(); })));
    await pause(500);
}

/** Each round in a server of its own: memory that a process once had it does not give back at once. */
async function idleConnection(context, source, request, door) {
    const server = await ward(context.program, source.data, context.directory);
    await closeAll(await openIdle(server.addresses[door], request, 10)); // what the first connections alone bring
    const before = residentBytes(server.pid);
    const sockets = await openIdle(server.addresses[door], request, CONNECTIONS);
    await pause(300);
    const after = residentBytes(server.pid);
    await closeAll(sockets);
    await server.stop();
    return (after - before) / CONNECTIONS / 1024;
}

export async function run(context) {
    const { say, rounds, manyKeys } = context;
    const many = seeded(context, manyKeys);
    const server = await ward(context.program, many.data, context.directory);
    const geometry = JSON.parse(execFileSync(join(context.build, 'bench/geometry'), [many.data], { encoding: 'utf8' }));
    const now = await metrics(many.data);
    const resident = residentBytes(server.pid);
    await server.stop();
    const perKey = (bytes) => bytes / now.ward_table_keys;
    const bare = geometry.file_bytes - geometry.arena_bytes;

    const few = seeded(context, 1000);
    const send = requests(context, few);
    const key = few.keys()[0];
    const text = (path) => readFileSync(path, 'utf8').replaceAll('%K', key);
    const idle = { verify: [], tcp: [] };
    for (let round = 0; round < rounds; round += 1) {
        for (const [door, path] of [['verify', send.authorize], ['tcp', send.authenticate]]) idle[door].push(await idleConnection(context, few, text(path), door));
        say(`  round ${round + 1}: ${idle.verify.at(-1).toFixed(1)} and ${idle.tcp.at(-1).toFixed(1)} KiB a connection`);
    }
    const worse = spread(idle.verify).value > spread(idle.tcp).value ? idle.verify : idle.tcp;
    return {
        title: 'Memory',
        ran: `${thousands(now.ward_table_keys)} keys, each with a limit, in the generation that a start makes; from the header of \`DIR/table\` and the size of \`DIR/limits\`. A connection: growth of the server's resident memory over ${CONNECTIONS} connections that asked once and stay open, ${rounds} servers each; the kernel's socket buffers are not in it. The goal is judged by the larger of the two.`,
        text: `${table(['part', 'bytes a key'], [
            ['index', perKey(geometry.index_bytes).toFixed(1)],
            ['scopes', perKey(geometry.scope_bytes).toFixed(1)],
            ['records', perKey(geometry.record_bytes).toFixed(1)],
            ['table and index without bodies', perKey(bare).toFixed(1)],
            ['limit counters (`DIR/limits`)', perKey(geometry.limits_bytes).toFixed(1)],
            ['bodies in use', perKey(now.ward_table_body_bytes).toFixed(1)],
            ['room for bodies', perKey(geometry.arena_bytes).toFixed(1)],
            ['resident memory of the server, all in all', perKey(resident).toFixed(1)],
        ])}\n\n${table(['idle connection', 'KiB (min–max)'], [['verification only', shown(spread(idle.verify), 1)], ['all surfaces', shown(spread(idle.tcp), 1)]])}`,
        figures: {
            bytes_per_key: { value: perKey(bare), min: perKey(bare), max: perKey(bare) },
            bytes_per_key_with_limits: { value: perKey(bare + geometry.limits_bytes), min: perKey(bare + geometry.limits_bytes), max: perKey(bare + geometry.limits_bytes) },
            idle_connection_kib: spread(worse),
        },
    };
}
