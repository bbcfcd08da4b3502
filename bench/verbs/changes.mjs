// What verifications feel of writes: 500 changes a second, and the table moving to another generation.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { copied, requests, seeded } from '../data.mjs';
import { busyOf, interleave, ratios, shown, spread, statusesOf, table, thousands } from '../measure.mjs';
import { load, metrics, ward } from '../peers.mjs';

export const about = 'verify p99 under 500 changes/s and while a generation changes, 1,000,000 keys (5 minutes)';

const BLOATED = 64; // keys that are given large bodies to fill the arena
const CHANGES = 500;
const MOVE_SECONDS = 30; // the next generation is built in slices: long enough for all of it

/*
 * The arena of bodies is filled with updates of a few keys until the next generation is near; then a trickle of the same
 * updates takes it over the edge while verifications are measured. The next one is begun while an eighth of the arena is
 * left; how near that is, the table's header and metrics say.
 */
class Filler {
    constructor(context, server, source, request) {
        Object.assign(this, { context, server, source, request, number: 50_000_000, bytesAnUpdate: 0 });
        this.keysFile = join(context.directory, 'bloated');
        writeFileSync(this.keysFile, `${source.keys().slice(-BLOATED).join('\n')}\n`, { mode: 0o600 });
    }

    async state() {
        const now = await metrics(this.source.data);
        const { arena_bytes: arena } = JSON.parse(execFileSync(join(this.context.build, 'bench/geometry'), [this.source.data], { encoding: 'utf8' }));
        const used = now.ward_table_body_bytes + now.ward_table_garbage_bytes;
        return { generation: now.ward_table_generation, used, room: arena - arena / 8 - used };
    }

    async write(seconds) {
        this.number += 1_000_000;
        const run = await load(this.context.loadProgram, this.server, { connect: this.server.addresses.tcp, request: this.request, keys: this.keysFile, connections: 16, seconds, warmup: 0, number: this.number, seed: this.number });
        if (run.requests > 0) statusesOf('filling the arena', [run], [200]); // none: a generation was changing all the time
        return run.requests;
    }

    /** Fill until no more than `left` updates are missing to the next generation. */
    async fill(left) {
        for (let tries = 0; tries < 1000; tries += 1) {
            const before = await this.state();
            if (this.bytesAnUpdate > 0 && before.room > 0 && before.room < left * this.bytesAnUpdate) return; // below 0 it is being built
            const far = this.bytesAnUpdate > 0 && before.room > 10 * left * this.bytesAnUpdate;
            const requests = await this.write(far ? 0.5 : 0.05);
            const after = await this.state();
            if (after.generation === before.generation && requests > 0) this.bytesAnUpdate = (after.used - before.used) / requests;
        }
        throw new Error('the arena does not fill: no generation changed');
    }

    sideOf(connect, rate) {
        return { request: this.request, connect, keys: this.keysFile, connections: 4, rate };
    }
}

/** The load at which the server's core is about half busy: latency then is the server's, not the queue's. */
async function halfLoad(context, server, options) {
    const full = await load(context.loadProgram, server, { ...options, seconds: Math.min(2, context.seconds) });
    return Math.round(full.rps / 2 / 1000) * 1000;
}

export async function run(context) {
    const { rounds, seconds, say, manyKeys } = context;
    const source = copied(context, seeded(context, manyKeys));
    const send = requests(context, source);
    // Writers that are seldom due: a connection's first request may come later than the deadline for a head allows.
    const server = await ward(context.program, source.data, context.directory, ['--head-timeout', '60']);
    const options = { connect: server.addresses.verify, request: send.authorize, keys: source.keysFile, unknown: 0.05 };
    const rate = await halfLoad(context, server, options);
    const filler = new Filler(context, server, source, send.bloat);
    const renames = { request: send.rename, connect: server.addresses.tcp, keys: source.keysFile, connections: 16, rate: CHANGES };
    let number = 0;
    const measure = (more) => async (round) => { number += 1_000_000; return load(context.loadProgram, server, { ...options, seconds, number, seed: round + 1, ...more }); };
    const text = (run) => { run.text = `p99 ${run.p99_us.toFixed(0)} µs`; return run; };
    const generations = [];

    async function changeGeneration(round) {
        for (let tries = 0; tries < 5; tries += 1) {
            await filler.fill(200);
            const before = (await metrics(source.data)).ward_table_generation;
            const run = await measure({ rate, seconds: MOVE_SECONDS, side: filler.sideOf(server.addresses.tcp, 100) })(round);
            const changed = (await metrics(source.data)).ward_table_generation - before;
            if (changed > 0) {
                generations.push(changed);
                return run;
            }
            say('  no generation changed while it was measured: again');
        }
        throw new Error('no generation changed in five windows');
    }

    say(`  verifications at ${rate} a second`);
    const cases = [
        ['idle, at half load', measure({ rate })],
        ['500 changes/s, at half load', measure({ rate, side: renames })],
        ['a generation changes, at half load', changeGeneration],
        ['idle, saturated', measure({})],
        ['500 changes/s, saturated', measure({ side: renames })],
    ];
    const results = await interleave(cases.map(([name, one]) => ({ name, run: async (round) => text(await one(round)) })), rounds, say);
    const p99 = results.map((runs) => runs.map((run) => run.p99_us));
    const bases = [0, 0, 0, 3, 3];
    const rows = cases.map(([name], index) => {
        const runs = results[index];
        const side = runs.flatMap((run) => (run.side ? [run.side] : []));
        if (side.length > 0) statusesOf(`${name}: changes`, side, [200]);
        const written = side.length > 0 ? shown(spread(side.map((run) => run.rps)), 0) : '0';
        return [name, shown(spread(runs.map((run) => run.rps / 1000)), 1), spread(runs.map((run) => run.p50_us)).value.toFixed(0), shown(spread(p99[index]), 0), shown(ratios(p99[index], p99[bases[index]])), written, side.length > 0 ? spread(side.map((run) => run.p99_us / 1000)).value.toFixed(1) : '', busyOf(runs), statusesOf(name, runs, [200, 401])];
    });
    for (const run of [...results[1], ...results[4]]) if (run.side.rps < CHANGES * 0.95) say(`  only ${run.side.rps} changes/s were written in one round`);
    return {
        title: 'Verification while things change',
        ran: `\`GET /v1/authorize\` over TCP, ${thousands(manyKeys)} keys, uniform, 5 % unknown, 48 connections, ${rounds} interleaved rounds of ${seconds} s. At half load ${thousands(rate)} verifications a second are due at even times and latency counts from then; saturated is the closed loop. A change is a \`PATCH /api-keys/{key}\` of a random key over TCP, synced. The table moved to another generation ${generations.join(', ')} time(s) in its rounds: the arena had been filled with large bodies up to just before, and 100 more a second took it over in rounds of ${MOVE_SECONDS} s. Server and writers share one core.`,
        text: table(['case', 'verifications/s, k', 'p50 µs', 'p99 µs (min–max)', 'p99 against idle', 'changes/s', 'change p99 ms', 'busy: server / client', 'statuses'], rows),
        figures: {
            p99_writes: ratios(p99[1], p99[0]),
            p99_generation: ratios(p99[2], p99[0]),
            p99_writes_saturated: ratios(p99[4], p99[3]),
        },
    };
}
