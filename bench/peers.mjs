// The servers that are measured, each started on one core of this machine, on loopback, and ended by its own id.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const SERVER_CORE = '0';
export const LOAD_CORE = '1';

function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.on('error', reject);
        server.listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
    });
}

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function reachable(port, ended) {
    let isOver = false;
    ended.then(() => { isOver = true; });
    for (let n = 0; n < 600 && !isOver; n += 1) {
        const ok = await new Promise((resolve) => {
            const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
            socket.on('error', () => resolve(false));
        });
        if (ok) return;
        await pause(50);
    }
    throw new Error(`nothing listens on 127.0.0.1:${port}`);
}

/** A process and its children: nginx works in a child. */
export function family(pid) {
    const pids = [pid];
    for (const task of readdirSync(`/proc/${pid}/task`)) {
        for (const child of readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean)) pids.push(...family(Number(child)));
    }
    return pids;
}

/** Resident memory of a process, in bytes. */
export const residentBytes = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) * 1024;

export function pinned(core, command, args, options = {}) {
    return spawn('taskset', ['-c', core, command, ...args], { stdio: ['ignore', 'ignore', 'pipe'], ...options });
}

const running = new Set();

class Peer {
    constructor(name, child, port) {
        Object.assign(this, { name, child, port, pid: child.pid });
        this.ended = new Promise((resolve) => { child.on('exit', resolve); });
        child.stderr.resume();
        running.add(this);
    }

    async stop() {
        if (!running.delete(this)) return;
        this.child.kill('SIGTERM');
        await this.ended;
    }
}

/** End whatever was started and not ended. */
export async function stopAll() {
    for (const peer of [...running]) await peer.stop();
}

const NGINX = (body, more = '') => `
daemon off; master_process on; worker_processes 1; pid PREFIX/nginx.pid; error_log PREFIX/error.log crit;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; server_tokens off;
  client_body_temp_path PREFIX/body; proxy_temp_path PREFIX/proxy; fastcgi_temp_path PREFIX/fastcgi; uwsgi_temp_path PREFIX/uwsgi; scgi_temp_path PREFIX/scgi;
  ${more}
  server { listen 127.0.0.1:PORT reuseport; ${body} }
}`;

async function nginx(name, directory, text) {
    const prefix = join(directory, name);
    mkdirSync(prefix, { recursive: true });
    const port = await freePort();
    writeFileSync(join(prefix, 'nginx.conf'), text.replaceAll('PREFIX', prefix).replaceAll('PORT', port));
    const peer = new Peer(name, pinned(SERVER_CORE, 'nginx', ['-c', join(prefix, 'nginx.conf'), '-p', prefix, '-e', join(prefix, 'error.log')]), port);
    await reachable(port, peer.ended);
    return peer;
}

/** The measure of all things here: nginx answering a constant 204. */
export const nginx204 = (directory) => nginx('nginx-204', directory, NGINX('location / { return 204; }'));

/** Plain keys in a static map, a limit for each: the upper bound of what a configuration file can do. */
export function nginxMap(directory, keys) {
    const map = keys.map((key, index) => `"${key}" c${index};`).join('\n');
    writeFileSync(join(directory, 'map.conf'), map);
    const more = `map_hash_max_size 4194304; map_hash_bucket_size 256; map $http_x_api_key $client { default ""; include ${join(directory, 'map.conf')}; }
      limit_req_zone $client zone=keys:512m rate=1000000r/s;`;
    // empty_gif, not return: return runs before limit_req and would spare it
    return nginx('nginx-map-limit_req', directory, NGINX('location / { if ($client = "") { return 401; } limit_req zone=keys burst=1000000 nodelay; empty_gif; }', more));
}

/** A map of hashed keys and a stick table that counts requests: the strongest peer that does the same job. */
export async function haproxy(directory, keys) {
    const port = await freePort();
    const map = keys.map((key, index) => `${createHash('sha256').update(key).digest('hex')} c${index}`).join('\n');
    writeFileSync(join(directory, 'keys.map'), `${map}\n`);
    writeFileSync(join(directory, 'haproxy.cfg'), `
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout client 600s
  timeout server 600s
  timeout connect 5s
frontend f
  bind 127.0.0.1:${port}
  stick-table type string len 16 size 2m expire 600s store http_req_rate(600s)
  http-request set-var(txn.client) req.hdr(x-api-key),sha2(256),hex,lower,map_str(${join(directory, 'keys.map')})
  http-request return status 401 unless { var(txn.client) -m found }
  http-request track-sc0 var(txn.client)
  http-request return status 429 if { sc_http_req_rate(0) gt 1000000000 }
  http-request return status 200
`);
    const peer = new Peer('haproxy', pinned(SERVER_CORE, 'haproxy', ['-f', join(directory, 'haproxy.cfg'), '-db']), port);
    await reachable(port, peer.ended);
    return peer;
}

let wards = 0;

/** Ward with a data directory that is there already; ready_ms is the time from exec to the "ready" log line. */
export async function ward(program, data, directory, more = []) {
    const socket = join(directory, `verify-${wards += 1}.sock`);
    const started = process.hrtime.bigint();
    const child = pinned(SERVER_CORE, program, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--verify-listen', '127.0.0.1:0', '--verify-listen', `unix:${socket}`, '--event-threads', '1', '--log-level', 'info', ...more]);
    const peer = new Peer('ward', child, 0);
    peer.addresses = {};
    peer.socket = socket;
    let last = '';
    await new Promise((resolve, reject) => {
        createInterface({ input: child.stderr }).on('line', (line) => {
            let entry;
            last = line;
            try { entry = JSON.parse(line); } catch { return; }
            if (entry.event === 'listening' && !entry.address.startsWith('unix:') && !entry.address.startsWith('/')) peer.addresses[entry.listener] ??= Number(entry.address.split(':').at(-1));
            if (entry.event === 'ready') {
                peer.ready_ms = Number(process.hrtime.bigint() - started) / 1e6;
                resolve();
            }
        });
        peer.ended.then(() => reject(new Error(`ward ended before it was ready: ${last}`)));
    });
    return peer;
}

/** The metrics of a Ward, as numbers by name (those without labels), over its control socket. */
export function metrics(data) {
    return new Promise((resolve, reject) => {
        const call = http.request({ socketPath: join(data, 'ward.sock'), path: '/metrics', agent: false }, (answer) => {
            let text = '';
            answer.on('data', (part) => { text += part; });
            answer.on('end', () => resolve(Object.fromEntries([...text.matchAll(/^(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]))));
        });
        call.on('error', reject);
        call.end();
    });
}

/** Drive one peer from the other core: requests/s, percentiles, statuses, the peer's CPU a request and its core's busy share. */
export function load(loadProgram, peer, { connect, request, keys, seconds, connections = 48, rate = 0, zipf = 0, unknown = 0, seed = 1, warmup = 0.5, number = 0, side }) {
    return new Promise((resolve, reject) => {
        const args = ['--connect', `${connect}`, '--request', request, '--seconds', `${seconds}`, '--warmup', `${warmup}`, '--connections', `${connections}`, '--rate', `${rate}`, '--zipf', `${zipf}`, '--unknown', `${unknown}`, '--seed', `${seed}`, '--number', `${number}`];
        if (keys) args.push('--keys', keys);
        for (const pid of family(peer.pid)) args.push('--pid', `${pid}`);
        if (side) args.push('--side', side.request, '--side-connect', `${side.connect}`, '--side-keys', side.keys, '--side-connections', `${side.connections ?? 16}`, '--side-rate', `${side.rate ?? 0}`);
        const child = pinned(LOAD_CORE, loadProgram, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.on('data', (part) => { text += part; });
        child.on('exit', (code) => {
            if (code !== 0) reject(new Error(`load against ${peer.name} ended with ${code}`));
            else resolve(JSON.parse(text));
        });
    });
}

export function machine() {
    const cpu = readFileSync('/proc/cpuinfo', 'utf8');
    const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
    const hasChanges = git('status', '--porcelain', '--', 'src', 'bench', ':!bench/RESULTS.*') !== '';
    return {
        cpu: cpu.match(/model name\s*:\s*(.*)/)?.[1] ?? 'unknown',
        cores: cpu.match(/^processor/gm)?.length ?? 0,
        kernel: execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim(),
        commit: git('rev-parse', '--short', 'HEAD') + (hasChanges ? ' with uncommitted changes' : ''),
        date: new Date().toISOString().slice(0, 10),
    };
}
