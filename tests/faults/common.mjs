// What every case of the fault rig shares: how far it goes, its seed, a scripted workload with a memory of what was
// acknowledged, and the rule that all answers are held against.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';

import { SANITIZER_EXIT, slow, testProgram } from '../support/ward.mjs';

/** ./dev faults runs the whole, ./dev test a sample. */
export const whole = process.env.WARD_FAULTS === 'whole';
export const HANG_MS = 5000 * slow;

export const seed = Number(process.env.WARD_FAULTS_SEED ?? Date.now() % 2 ** 31);

/** A stream of numbers in [0, 1) of its own for each case, from the one seed. */
export function randomOf(name) {
    let state = createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE(0) | 1;
    return () => {
        state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
        return (state >>> 0) / 2 ** 32;
    };
}

/** How a server under faults is started. */
export const serveArgs = ['--access-log', 'off', '--verify-listen', '127.0.0.1:0'];

export const say = (text) => console.log(`# ${text}, seed ${seed}`);

const CLOSED = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE']);

/** One request that must end within the bound. {status: 0} is a connection that was closed without an answer. */
export async function ask(ward, method, path, options = {}) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new assert.AssertionError({ message: `no answer to ${method} ${options.what ?? path} in ${HANG_MS} ms` })), HANG_MS);
    });
    try {
        return await Promise.race([ward.request(method, path, { key: ward.credentials.accessKey, ...options }), late]);
    } catch (error) {
        if (!CLOSED.has(error.code)) throw error;
        return { status: 0, headers: {}, text: error.code };
    } finally {
        clearTimeout(timer);
    }
}

const isFault = (answer) => answer.status === 0 || answer.status >= 500;

/** Keys as this client may believe in them: live and dead were acknowledged; unsure: a change's answer was a fault. */
export class Ledger {
    constructor(ward) {
        this.ward = ward;
        this.live = new Set();
        this.dead = new Set();
        this.unsure = new Set();
        this.counts = { requests: 0, faults: 0, acknowledged: 0 };
        this.faults = new Set(); // their statuses; 0: the connection was closed
    }

    async ask(method, path, expected, options) {
        this.counts.requests += 1;
        const answer = await ask(this.ward, method, path, options);
        if (isFault(answer)) {
            this.counts.faults += 1;
            this.faults.add(answer.status);
        } else assert.ok(expected.includes(answer.status), `${method} ${options?.what ?? path}: ${answer.status}, not ${expected} or a fault\n${answer.text}`);
        return answer;
    }

    /** A write: its value is unsure until it is acknowledged. */
    async write(method, path, expected, options) {
        const answer = await this.ask(method, path, [expected], options);
        if (answer.status === expected) this.counts.acknowledged += 1;
        return answer.status === expected ? answer : null;
    }

    async create(more = {}) {
        const answer = await this.write('POST', '/api-keys', 201, { body: { name: 'fault', projectId: this.ward.credentials.projectId, ...more } });
        if (!answer) return null;
        this.live.add(answer.body.key);
        return answer.body.key;
    }

    async update(value, body) {
        return this.write('PATCH', `/api-keys/${value}`, 200, { body, what: 'update' });
    }

    async rotate(value) {
        this.live.delete(value);
        this.unsure.add(value);
        const answer = await this.write('POST', `/api-keys/${value}/rotate`, 201, { what: 'rotate' });
        if (!answer) return null;
        this.unsure.delete(value);
        this.dead.add(value);
        this.live.add(answer.body.key);
        return answer.body.key;
    }

    async remove(value) {
        this.live.delete(value);
        this.unsure.add(value);
        const answer = await this.write('DELETE', `/api-keys/${value}`, 200, { what: 'delete' });
        if (!answer) return false;
        this.unsure.delete(value);
        this.dead.add(value);
        return true;
    }

    /** Hold one value against what was acknowledged, on every way of verifying. */
    async verify(value, { mustAnswer = false, where = '' } = {}) {
        const isLive = this.live.has(value), isUnsure = this.unsure.has(value);
        const rows = [
            ['POST', `/api-keys/auth/${value}`, { what: 'authenticate' }, 200, [404]],
            ['GET', '/v1/authorize', { key: value, port: this.ward.verifyPort, agent: this.ward.agent, what: 'authorize' }, 200, [401]],
        ];
        for (const [method, path, options, valid, refused] of rows) {
            const expected = isUnsure ? [valid, ...refused] : isLive ? [valid] : refused;
            let answer = await this.ask(method, path, expected, options);
            if (mustAnswer && answer.status === 0) answer = await this.ask(method, path, expected, options); // kept alive no longer
            if (mustAnswer) assert.ok(!isFault(answer), `${options.what} after the fault was lifted (${where}): ${answer.status} ${answer.text}`);
        }
        let answer = await this.ask('POST', '/v1/verify', [200], { body: { key: value } });
        if (mustAnswer && answer.status === 0) answer = await this.ask('POST', '/v1/verify', [200], { body: { key: value } });
        if (mustAnswer) assert.ok(!isFault(answer), `verify after the fault was lifted (${where}): ${answer.status} ${answer.text}`);
        if (answer.status === 200 && !isUnsure) {
            assert.equal(answer.body.verdict === 'valid', isLive, `verify says ${answer.body.verdict} of a key that is ${isLive ? 'live' : 'revoked'}`);
        }
    }

    /** Everything that was acknowledged. */
    async verifyAll(options) {
        for (const value of [...this.live, ...this.dead]) await this.verify(value, options);
    }

    /** Keep a few of each, so that a long run stays quick. */
    prune(keep) {
        for (const set of [this.live, this.dead, this.unsure]) for (const value of [...set].slice(0, Math.max(0, set.size - keep))) set.delete(value);
    }
}

export const bulky = (random, bytes) => ({ bulk: Array.from({ length: bytes / 8 }, () => Math.floor(random() * 2 ** 32).toString(16).padStart(8, '0')).join('') });

/** Every kind of request once; bodies so large that the table's generation changes now and then. */
export async function workload(ledger, random) {
    const kept = [...ledger.live].at(-1);
    const a = await ledger.create({ customMetaData: bulky(random, 4096) });
    const b = await ledger.create({ rateLimitConfigs: { rateLimit: 1_000_000, rateLimitTtl: 60 } });
    if (kept) await ledger.verify(kept);
    if (a) await ledger.verify(a);
    if (a) await ledger.update(a, { name: 'other', customMetaData: bulky(random, 8192) });
    const next = b && (await ledger.rotate(b));
    await ledger.ask('GET', `/api-keys?projectId=${ledger.ward.credentials.projectId}&name=other`, [200]);
    if (next) await ledger.verify(next);
    if (a) await ledger.remove(a);
    if (a) await ledger.verify(a);
}

export async function storeFailed(ward) {
    const answer = await ask(ward, 'GET', '/v1/status');
    assert.equal(answer.status, 200, answer.text);
    return answer.body.store.failed;
}

export const describeEnd = (ward) => `${JSON.stringify([ward.child.exitCode, ward.child.signalCode])}\n${ward.log.slice(-8).join('\n')}`;
export const assertRuns = (ward, where) => assert.ok(ward.child.exitCode === null && ward.child.signalCode === null, `${where}: the server ended ${describeEnd(ward)}`);

/** After the fault: right at once; writes too, or the store says that it failed and a restart mends it. */
export async function recover(ward, ledger, where) {
    assertRuns(ward, where);
    await ledger.verifyAll({ mustAnswer: true, where });
    if (await storeFailed(ward)) {
        const refused = await ledger.ask('POST', '/api-keys', [], { body: { name: 'n', projectId: ward.credentials.projectId } });
        assert.equal(refused.status, 503, 'a failed store acknowledges nothing');
        const end = await ward.kill('SIGTERM');
        assert.equal(end.code, 0, `${where}: a failed store does not keep the server from ending: ${describeEnd(ward)}`);
        await ward.spawn();
        await ledger.verifyAll({ mustAnswer: true, where });
        return true;
    }
    const value = await ledger.create();
    assert.ok(value, `${where}: no write after the fault was lifted`);
    await ledger.remove(value);
    return false;
}

/** Run the program for tests to its end; one that hangs is killed. */
export function run(args, faults) {
    return new Promise((resolve, reject) => {
        const child = spawn(testProgram, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...(faults && { WARD_TEST_FAULTS: faults.path }) } });
        let out = '', errors = '';
        child.stdout.on('data', (text) => { out += text; });
        child.stderr.on('data', (text) => { errors += text; });
        const timer = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
        child.on('close', (code, signal) => {
            clearTimeout(timer);
            if (code === SANITIZER_EXIT) reject(new Error(`a sanitizer found something in ${args[0]}\n${errors}`));
            else resolve({ code, signal, out, errors });
        });
    });
}
