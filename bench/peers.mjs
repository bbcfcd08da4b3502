// The servers that are measured, each started on one core of this machine, on loopback, and ended by its own id.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const SERVER_CORE = '0';
export const LOAD_CORE = '1';

export function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.on('error', reject);
        server.listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
    });
}

async function reachable(port) {
    for (let n = 0; n < 200; n += 1) {
        const ok = await new Promise((resolve) => {
            const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
            socket.on('error', () => resolve(false));
        });
        if (ok) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`nothing listens on 127.0.0.1:${port}`);
}

/** CPU time in ns of a process, all its threads and its children, from the scheduler's accounts. */
export function cpuNs(pid) {
    let total = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
        total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
        for (const child of readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean)) total += cpuNs(child);
    }
    return total;
}

function pinned(command, args, options = {}) {
    return spawn('taskset', ['-c', SERVER_CORE, command, ...args], { stdio: ['ignore', 'ignore', 'pipe'], ...options });
}

class Peer {
    constructor(name, child, port) {
        Object.assign(this, { name, child, port, pid: child.pid });
        this.ended = new Promise((resolve) => child.on('exit', resolve));
        child.stderr.resume();
    }

    async stop() {
        this.child.kill('SIGTERM');
        await this.ended;
    }
}

const NGINX = (body, http = '') => `
daemon off; master_process on; worker_processes 1; pid PREFIX/nginx.pid; error_log PREFIX/error.log crit;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; server_tokens off;
  client_body_temp_path PREFIX/body; proxy_temp_path PREFIX/proxy; fastcgi_temp_path PREFIX/fastcgi; uwsgi_temp_path PREFIX/uwsgi; scgi_temp_path PREFIX/scgi;
  ${http}
  server { listen 127.0.0.1:PORT reuseport; ${body} }
}`;

async function nginx(name, directory, text) {
    const prefix = join(directory, name);
    mkdirSync(prefix, { recursive: true });
    const port = await freePort();
    writeFileSync(join(prefix, 'nginx.conf'), text.replaceAll('PREFIX', prefix).replaceAll('PORT', port));
    const child = pinned('nginx', ['-c', join(prefix, 'nginx.conf'), '-p', prefix, '-e', join(prefix, 'error.log')]);
    await reachable(port);
    return new Peer(name, child, port);
}

/** The measure of all things here: nginx answering a constant 204. */
export const nginx204 = (directory) => nginx('nginx-204', directory, NGINX('location / { return 204; }'));

/** Plain keys in a static map, a limit for each: the upper bound of what a configuration file can do. */
export function nginxMap(directory, keys) {
    const map = keys.map((key, index) => `"${key}" c${index};`).join('\n');
    writeFileSync(join(directory, 'map.conf'), map);
    const http = `map_hash_max_size 4194304; map_hash_bucket_size 256; map $http_x_api_key $client { default ""; include ${join(directory, 'map.conf')}; }
      limit_req_zone $client zone=keys:512m rate=1000000r/s;`;
    return nginx('nginx-map-limit_req', directory, NGINX('location / { if ($client = "") { return 401; } limit_req zone=keys burst=1000000 nodelay; empty_gif; }', http));
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
    const child = pinned('haproxy', ['-f', join(directory, 'haproxy.cfg'), '-db']);
    await reachable(port);
    return new Peer('haproxy', child, port);
}

/** Ward with a data directory that is there already. */
export async function ward(program, data, directory) {
    const socket = join(directory, 'verify.sock');
    const child = pinned(program, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--verify-listen', '127.0.0.1:0', '--verify-listen', `unix:${socket}`, '--event-threads', '1', '--log-level', 'info']);
    const peer = new Peer('ward', child, 0);
    peer.addresses = {};
    await new Promise((resolve, reject) => {
        createInterface({ input: child.stderr }).on('line', (line) => {
            let entry;
            try { entry = JSON.parse(line); } catch { return; }
            if (entry.event === 'listening' && !entry.address.startsWith('unix:') && !entry.address.startsWith('/')) peer.addresses[entry.listener] ??= Number(entry.address.split(':').at(-1));
            if (entry.event === 'ready') resolve();
        });
        peer.ended.then(() => reject(new Error('ward ended before it was ready')));
    });
    peer.socket = socket;
    return peer;
}

/** Drive one peer from the other core; gives requests/s, percentiles, statuses, and the peer's CPU a request. */
export function load(peer, { connect, request, keys, seconds, connections = 48, zipf = 0, unknown = 0, seed = 1, loadProgram }) {
    return new Promise((resolve, reject) => {
        const args = ['-c', LOAD_CORE, loadProgram, '--connect', `${connect}`, '--request', request, '--seconds', `${seconds}`, '--connections', `${connections}`, '--zipf', `${zipf}`, '--unknown', `${unknown}`, '--seed', `${seed}`];
        if (keys) args.push('--keys', keys);
        const before = cpuNs(peer.pid);
        const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.on('data', (part) => { text += part; });
        child.on('exit', (code) => {
            if (code !== 0) { reject(new Error(`load against ${peer.name} ended with ${code}`)); return; }
            const result = JSON.parse(text);
            // the warm-up's requests are in the CPU time too: scale by the time measured
            result.cpu_us = (cpuNs(peer.pid) - before) / 1000 / (result.rps * (result.seconds + 0.5));
            resolve(result);
        });
    });
}

export function machine() {
    const model = readFileSync('/proc/cpuinfo', 'utf8').match(/model name\s*:\s*(.*)/)?.[1] ?? 'unknown';
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
    return { cpu: model, kernel: execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim(), commit };
}
