// Replicas that cannot: a full disk, calls that fail, a directory that is gone, a file that was damaged, a kill. The answer
// says which replica and why, what it calls deployed is used by the next request, and who was behind is brought up.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Faults, codes } from '../support/faults.mjs';
import { Ward, init, makeDirectory, sleep, until } from '../support/ward.mjs';
import { ask, assertRuns, randomOf, say, whole } from './common.mjs';

const DATA = Buffer.from('what is signed');
const b64 = (bytes) => Buffer.from(bytes).toString('base64');
const isFault = (answer) => answer.status === 0 || answer.status >= 500;

/** A server with its first credentials, and what these tests ask of it. */
class Scene {
    static async open({ environment = 'production', replica, ...options } = {}) {
        const scene = new Scene();
        scene.root = makeDirectory();
        scene.data = join(scene.root, 'data');
        scene.environment = environment;
        const credentials = init(scene.data);
        if (options.withFaults) scene.faults = new Faults(join(scene.root, 'faults'));
        scene.ward = await Ward.start({ data: scene.data, credentials, faults: scene.faults, clock: options.clock, args: ['--access-log', 'off'] });
        if (options.clock) scene.ward.moveBootClock(0);
        scene.headers = { authorization: `Bearer ${credentials.personalAccessToken}` };
        if (replica) {
            const made = await scene.ward.request('POST', '/v1/environments', { socketPath: join(scene.data, 'ward.sock'),
                body: { name: environment, replicas: [{ name: 'embedded' }, { name: 'gateway-1', directory: replica }] } });
            assert.ok(made.status < 300, made.text);
            scene.environmentId = made.body.id;
        }
        return scene;
    }

    apiops(method, path, body) { return ask(this.ward, method, `/apiops/projects/default${path}`, { headers: this.headers, key: undefined, body }); }
    entries(secret) { return [{ environmentName: this.environment, content: b64(secret) }]; }
    create(name, secret, keyType = 'SECRET_KEY') { return this.apiops('POST', '/keys/', { name, keyType, cryptoKeyInfoEnvironmentList: this.entries(secret) }); }
    update(name, secret, query = '') { return this.apiops('PUT', `/keys/${name}/${query}`, { cryptoKeyInfoEnvironmentList: this.entries(secret) }); }
    use(name, what, body) { return ask(this.ward, 'POST', `/v1/projects/default/environments/${this.environment}/keys/${name}/${what}`, { headers: this.headers, key: undefined, body, what }); }
    async set() { return (await ask(this.ward, 'GET', `/v1/projects/default/environments/${this.environment}/jwks.json`)).body; }

    /** Which of several secrets a deployed key is: -1 for none of them. */
    async which(name, secrets) {
        const answer = await this.use(name, 'sign', { algorithm: 'HS256', data: b64(DATA) });
        if (isFault(answer)) return null;
        assert.equal(answer.status, 200, answer.text);
        return secrets.findIndex((secret) => createHmac('sha256', secret).update(DATA).digest('base64') === answer.body.signature);
    }

    /** The same, waiting while no verdict can be had: a clock that was moved makes the table old until its next beat. */
    async whichIsUsed(name, secrets) {
        let used = null;
        await until(async () => (used = await this.which(name, secrets)) !== null, `${name} can be used`);
        return used;
    }

    async replicas() {
        const answer = await ask(this.ward, 'GET', '/v1/status', { socketPath: join(this.data, 'ward.sock') });
        return answer.body.keysets.filter((replica) => replica.environment === this.environment);
    }

    async untilLevel(what = 'every replica is level') {
        await until(async () => {
            if (this.ward.options.clock) this.ward.moveBootClock(5000);
            return (await this.replicas()).every((replica) => !replica.behind);
        }, what, 40_000);
    }

    async close() {
        this.faults?.lift();
        await this.ward.kill('SIGTERM');
        this.faults?.close();
        rmSync(this.root, { recursive: true, force: true });
    }
}

const deployed = (answer) => answer.status === 200 && answer.body.deploymentResult.success;

test('a replica whose disk is full is named, and brought up when there is room', { timeout: 120_000 }, async (t) => {
    const mount = join(makeDirectory(), 'replica');
    mkdirSync(mount, { mode: 0o700 });
    if (process.env.WARD_FAULTS_MOUNT === 'no' || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=0700', 'tmpfs', mount]).status !== 0) {
        t.skip('cannot mount a small file system here (not root?); a full disk is played in the next test');
        return;
    }
    const scene = await Scene.open({ environment: 'gateways', replica: mount, clock: true });
    try {
        const secrets = [randomBytes(32), randomBytes(32)];
        assert.ok(deployed(await scene.create('key', secrets[0])));
        const filler = join(mount, 'filler');
        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=512'], { stdio: 'ignore' });
        const file = join(mount, `${scene.environmentId}.keyset`), size = statSync(file).size;
        let answer;
        for (let i = 0; i < 40 && (answer = await scene.update('key', secrets[1])).body.deploymentResult.success; i += 1); // a page may have room
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.body, { success: true, deploymentResult: { success: false, message: answer.body.deploymentResult.message,
            environmentResults: [{ environmentName: 'gateways', success: false, message: 'replica gateway-1: no space left on device' }] } });
        assert.equal(await scene.whichIsUsed('key', secrets), 1, 'the embedded replica took it');
        const [embedded, gateway] = await scene.replicas();
        assert.deepEqual([embedded.behind, gateway.behind, gateway.detail], [false, true, 'no space left on device']);
        assert.ok(statSync(file).size % 4096 === 0 || statSync(file).size >= size, 'what was there is there');
        rmSync(filler);
        await scene.untilLevel();
        assert.ok(deployed(await scene.update('key', secrets[0])));
    } finally {
        await scene.close();
        spawnSync('umount', [mount]);
        rmSync(join(mount, '..'), { recursive: true, force: true });
    }
});

test('a directory that is gone, open to others, or no directory', { timeout: 120_000 }, async () => {
    const root = makeDirectory(), replica = join(root, 'replica');
    const scene = await Scene.open({ environment: 'gateways', replica, clock: true });
    const rows = [
        ['was never made', () => {}, () => mkdirSync(replica, { mode: 0o700 }), 'the directory is not there'],
        ['is away', () => renameSync(replica, `${replica}.away`), () => renameSync(`${replica}.away`, replica), 'the directory is not there'],
        ['is another, that others may write to', () => { renameSync(replica, `${replica}.old`); mkdirSync(replica); chmodSync(replica, 0o777); }, () => chmodSync(replica, 0o700), 'others may write to the directory'],
        ['is a file', () => { renameSync(replica, `${replica}.kept`); writeFileSync(replica, ''); }, () => { rmSync(replica); renameSync(`${replica}.kept`, replica); }, 'not a directory'],
    ];
    try {
        const secrets = [randomBytes(32), randomBytes(32)];
        let now = 0;
        for (const [what, breakIt, mend, detail] of rows) {
            breakIt();
            now = 1 - now;
            const answer = await (what === rows[0][0] ? scene.create('key', secrets[now]) : scene.update('key', secrets[now]));
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.body.deploymentResult.success, false, what);
            assert.equal(answer.body.deploymentResult.environmentResults[0].message, `replica gateway-1: ${detail}`, what);
            assert.equal(await scene.whichIsUsed('key', secrets), now, `${what}: the embedded replica took it`);
            mend();
            await scene.untilLevel(what);
            assert.ok(existsSync(join(replica, `${scene.environmentId}.keyset`)), what);
        }
    } finally {
        await scene.close();
        rmSync(root, { recursive: true, force: true });
    }
});

/** The file of the environment that every account has, on the embedded replica. */
async function fileOf(scene) {
    const { body } = await ask(scene.ward, 'GET', '/apiops/environments/', { headers: scene.headers, key: undefined });
    return join(scene.data, 'keysets/embedded', `${body.resultList.find((environment) => environment.name === 'production').id}.keyset`);
}

const points = { write: codes.ENOSPC, sync: codes.EIO, rename: codes.EIO, read: codes.EIO, open: 13, allocate: 12, random: codes.EIO };
const ways = { 'appended to': () => {}, 'written anew': (file) => rmSync(file, { force: true }) };
for (const [kind, code] of Object.entries(points)) for (const [way, prepare] of Object.entries(ways)) {
    if (kind === 'rename' && way === 'appended to') continue;
    test(`the n-th ${kind} of a deployment fails, the file is ${way}`, { timeout: 300_000 }, async () => {
        const scene = await Scene.open({ withFaults: true, clock: true });
        const secrets = Array.from({ length: 3 }, () => randomBytes(32));
        try {
            assert.ok(deployed(await scene.create('key', secrets[0])));
            const file = await fileOf(scene);
            let stored = 0, undeployed = 0, refused = 0, bit = 0;
            prepare(file);
            const before = scene.faults.calls(kind);
            assert.ok(deployed(await scene.update('key', secrets[0])));
            const span = Math.min(scene.faults.calls(kind) - before + 2, whole ? 1000 : 60);
            for (let n = 1; n <= span; n += 1) {
                const wanted = (stored + 1) % secrets.length;
                prepare(file);
                scene.faults.failNth(kind, n, { code, count: n % 3 === 0 ? 8 : 1 });
                const answer = await scene.update('key', secrets[wanted]);
                const used = await scene.which('key', secrets);
                bit += scene.faults.hits(kind) > 0;
                scene.faults.lift();
                assertRuns(scene.ward, `${kind} ${n}`);
                if (deployed(answer)) {
                    if (used !== null) assert.equal(used, wanted, `${kind} ${n}: called deployed, not used`);
                    stored = wanted;
                } else if (answer.status === 200) {
                    undeployed += 1;
                    stored = wanted;
                    assert.match(answer.body.deploymentResult.environmentResults[0]?.message ?? '', /^replica embedded: [a-z]|^$/, answer.text);
                    if (used !== null) assert.ok(used === wanted || used >= 0, `${kind} ${n}`);
                } else {
                    assert.ok(isFault(answer), answer.text);
                    refused += 1;
                    if ((await ask(scene.ward, 'GET', '/v1/status', { socketPath: join(scene.data, 'ward.sock') })).body.store.failed) {
                        await scene.ward.kill('SIGTERM');
                        await scene.ward.spawn();
                        scene.ward.moveBootClock(0);
                    }
                    await scene.untilLevel(`${kind} ${n}`);
                    stored = await scene.whichIsUsed('key', secrets);
                    assert.ok(stored >= 0);
                }
                await scene.untilLevel(`${kind} ${n}`);
                assert.equal(await scene.whichIsUsed('key', secrets), stored, `${kind} ${n}: level, but not where the store is`);
            }
            say(`keysets, ${kind}, ${way}: ${span} points, ${bit} bit, ${undeployed} answers of a replica that could not, ${refused} writes refused`);
            assert.ok(bit > 0, `no ${kind} failed: the rig orders nothing`);
        } finally {
            await scene.close();
        }
    });
}

test('a file that was cut, flipped, filled with zeros or removed while nobody looked', { timeout: 300_000 }, async () => {
    const scene = await Scene.open();
    const random = randomOf('keyset files');
    const secrets = Array.from({ length: 20 }, () => randomBytes(32));
    try {
        for (const [index, secret] of secrets.entries()) assert.ok(deployed(await scene.create(`key-${index}`, secret)));
        const file = await fileOf(scene);
        const rows = {
            cut: (size) => truncateSync(file, Math.floor(random() * size)),
            flipped: (size) => { const bytes = readFileSync(file); bytes[Math.floor(random() * size)] ^= 1 << Math.floor(random() * 8); writeFileSync(file, bytes); },
            zeroed: (size) => { const bytes = readFileSync(file), at = Math.floor(random() * size); bytes.fill(0, at, Math.min(at + 512, size)); writeFileSync(file, bytes); },
            extended: () => writeFileSync(file, randomBytes(300), { flag: 'a' }),
            removed: () => rmSync(file),
            another: () => writeFileSync(file, 'not a keyset at all'),
        };
        const rounds = whole ? 40 : 6;
        for (let round = 0; round < rounds; round += 1) {
            for (const [name, damage] of Object.entries(rows)) {
                await scene.ward.kill('SIGKILL');
                damage(statSync(file).size);
                await scene.ward.spawn();
                const index = Math.floor(random() * secrets.length);
                assert.equal(await scene.which(`key-${index}`, secrets), index, `${name}, round ${round}`);
                const [replica] = await scene.replicas();
                assert.deepEqual([replica.behind, replica.keys], [false, secrets.length], `${name}, round ${round}`);
                if (name === 'flipped' || name === 'extended') assert.ok(scene.ward.log.some((line) => /"keyset-(cut|anew)"/.test(line)), `${name} is in the log`);
            }
        }
        say(`keysets: ${rounds * Object.keys(rows).length} damaged files, all of them mended from the store`);
    } finally {
        await scene.close();
    }
});

test('kill -9 between commit and deployment, or in the middle of either', { timeout: 600_000 }, async () => {
    const scene = await Scene.open();
    const random = randomOf('keyset kills');
    const pairs = Array.from({ length: 3 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    const contents = pairs.map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const xs = pairs.map(({ publicKey }) => publicKey.export({ format: 'jwk' }).x);
    const JWKS = 20, kills = whole ? 50 : 8;
    try {
        assert.ok(deployed(await scene.create('key', contents[0], 'PRIVATE_KEY')));
        for (let i = 0; i < JWKS; i += 1) {
            assert.ok(deployed(await scene.apiops('POST', '/jwks/', { name: `jwk-${i}`, sourceType: 'PRIVATE_KEY', keyName: 'key', environmentName: 'production', useType: 'SIGNATURE', algorithm: 'ES256' })));
        }
        let acknowledged = 0, moved = 0;
        for (let round = 0; round < kills; round += 1) {
            let sent = acknowledged;
            const writer = (async () => {
                for (;;) {
                    sent = (acknowledged + 1) % pairs.length;
                    const answer = await scene.update('key', contents[sent], '?jwkUpdateAction=UPDATE&updateScope=SAME_PROJECT');
                    if (isFault(answer)) return;
                    assert.ok(deployed(answer), answer.text);
                    acknowledged = sent;
                    moved += 1;
                }
            })();
            await sleep(20 + random() * 120);
            await scene.ward.kill('SIGKILL');
            await writer;
            await scene.ward.spawn();
            const signed = await scene.use('key', 'sign', { algorithm: 'ES256', data: b64(DATA) });
            const now = pairs.findIndex(({ publicKey }) => verify('sha256', DATA, { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signed.body.signature, 'base64')));
            assert.ok(now === acknowledged || now === sent, `round ${round}: ${now}, not ${acknowledged} or ${sent}`);
            const { keys } = await scene.set();
            assert.deepEqual(keys.map((key) => key.x), Array(JWKS).fill(xs[now]), `round ${round}: the key and all of its JWKs, or none`);
            acknowledged = now;
        }
        say(`keysets: ${kills} kills, ${moved} updates of a key with ${JWKS} JWKs acknowledged, all or nothing each time`);
    } finally {
        await scene.close();
    }
});
