// 2,000 connections that send or read slowly beside a verification load on the same listener.
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

import { requests, seeded } from '../data.mjs';
import { busyOf, interleave, ratios, shown, spread, statusesOf, table } from '../measure.mjs';
import { LOAD_CORE, load, metrics, pause, pinned, ward } from '../peers.mjs';

export const about = 'verification beside 2,000 slow connections (2 minutes)';

const SLOW = 2001; // a third each: head, body, read
const DEADLINES_S = { head: 5, body: 10, read: 10 };
const GRACE_S = 3;

const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

class SlowClients {
    constructor(context, server, send, patience) {
        const args = ['--connect', `${server.addresses.tcp}`, '--each', `${SLOW / 3}`, '--head', send.slowHead, '--body', send.slowBody, '--read', send.slowRead, '--patience', `${patience}`];
        this.child = pinned(LOAD_CORE, join(context.build, 'bench/slow'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
        this.states = {};
        this.waiting = {};
        this.ended = new Promise((resolve) => { this.child.on('exit', resolve); });
        createInterface({ input: this.child.stdout }).on('line', (line) => {
            const state = JSON.parse(line);
            this.states[state.state] = state;
            this.waiting[state.state]?.(state);
        });
    }

    state(name) {
        return new Promise((resolve, reject) => {
            if (this.states[name]) { resolve(this.states[name]); return; }
            this.waiting[name] = resolve;
            this.ended.then((code) => reject(new Error(`the slow client ended with ${code} before it was ${name}`)));
        });
    }
}

export async function run(context) {
    const { rounds, seconds, say } = context;
    const source = seeded(context, context.keys);
    const send = requests(context, source);
    const deadlines = ['--head-timeout', `${DEADLINES_S.head}`, '--body-timeout', `${DEADLINES_S.body}`, '--write-timeout', `${DEADLINES_S.read}`];
    const server = await ward(context.program, source.data, context.directory, deadlines);
    const options = { connect: server.addresses.tcp, request: send.authenticate, keys: source.keysFile, unknown: 0.05, seconds };
    const text = (run) => { run.text = `${run.rps} requests/s, p99 ${run.p99_us.toFixed(0)} µs`; return run; };
    const quiet = descriptors(server.pid);
    const held = [];
    const settled = [];
    let longest = { head: 0, body: 0 };

    /* Open them, measure while they are held, then wait until their deadlines have closed them. */
    async function withSlow(round) {
        const timedOut = (await metrics(source.data)).ward_connections_timed_out_total;
        const slow = new SlowClients(context, server, send, 1 + Math.max(...Object.values(DEADLINES_S)) + GRACE_S);
        await slow.state('open');
        await pause(500);
        const open = descriptors(server.pid) - quiet;
        const result = text(await load(context.loadProgram, server, { ...options, seed: round + 1 }));
        slow.child.stdin.end();
        await slow.state('held');
        await pause((Math.max(...Object.values(DEADLINES_S)) + GRACE_S) * 1000);
        const left = descriptors(server.pid) - quiet;
        const { head, body } = await slow.state('left');
        await slow.ended;
        await pause(300);
        longest = { head: Math.max(longest.head, head.longest_ms), body: Math.max(longest.body, body.longest_ms) };
        held.push(open);
        settled.push(left);
        say(`  ${open} slow connections held; ${left} left behind their deadline; ${(await metrics(source.data)).ward_connections_timed_out_total - timedOut} timed out`);
        return result;
    }

    const baseline = async (round) => text(await load(context.loadProgram, server, { ...options, seed: 50 + round }));
    const results = await interleave([{ name: 'alone', run: baseline }, { name: 'beside 2,000 slow connections', run: withSlow }], rounds, say);
    if (Math.min(...held) < 0.95 * SLOW) throw new Error(`only ${Math.min(...held)} slow connections were held`);
    const late = Math.max(0, longest.head / 1000 - DEADLINES_S.head, longest.body / 1000 - DEADLINES_S.body);
    if (late > GRACE_S) throw new Error(`a slow connection lived ${late.toFixed(1)} s past its deadline`);
    const of = (member) => results.map((runs) => runs.map((run) => run[member]));
    const [rps, p99] = [of('rps'), of('p99_us')];
    const rows = ['alone', 'beside 2,000 slow connections'].map((name, index) => [name, shown(spread(rps[index].map((value) => value / 1000)), 1), spread(results[index].map((run) => run.p50_us)).value.toFixed(0), shown(spread(p99[index]), 0), busyOf(results[index]), statusesOf(name, results[index], context.statuses.authenticate)]);
    return {
        title: '2,000 slow connections',
        ran: `\`POST /api-keys/auth/{key}\` over TCP, 48 connections, ${rounds} paired rounds of ${seconds} s; on the same listener ${SLOW} connections, a third each sending a head and a body one byte a second and never reading their answers, opened again when the server closes them. Held: ${Math.min(...held)}–${Math.max(...held)}. Deadlines: head ${DEADLINES_S.head} s, body ${DEADLINES_S.body} s, unread answer ${DEADLINES_S.read} s; the longest-lived head was closed after ${(longest.head / 1000).toFixed(1)} s, body after ${(longest.body / 1000).toFixed(1)} s; ${GRACE_S} s behind the last deadline the server held ${Math.max(...settled)} descriptors more than before.`,
        text: table(['case', 'requests/s, k', 'p50 µs', 'p99 µs (min–max)', 'busy: server / client', 'statuses'], rows),
        figures: {
            throughput: ratios(rps[1], rps[0]),
            p99: ratios(p99[1], p99[0]),
            left_open: spread(settled.map((left) => Math.max(0, left))),
        },
    };
}
