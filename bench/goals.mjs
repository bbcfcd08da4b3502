// What Ward's bench is judged by: figures that the verbs give, by name. `least`: at least so much; `most`: at most.
export const goals = [
    { verb: 'verify', figure: 'authorize_tcp', least: 0.80, text: '`GET /v1/authorize` over TCP, 100,000 keys, a limit on each, random keys, 5 % unknown: requests/s against nginx `return 204`', short: 'authorize, TCP: requests/s' },
    { verb: 'verify', figure: 'authorize_tcp_cpu', most: 1.30, text: 'the same: CPU a request against nginx `return 204`', short: 'authorize, TCP: CPU' },
    { verb: 'verify', figure: 'authorize_unix', least: 1.6, text: 'the same over a unix socket: requests/s', short: 'authorize, unix socket' },
    { verb: 'verify', figure: 'authenticate_tcp', least: 0.70, text: '`POST /api-keys/auth/{key}` over TCP with the full JSON answer, same keys: requests/s', short: 'authenticate, TCP' },
    { verb: 'scale', figure: 'authorize_tcp_uniform', least: 0.95, text: 'authorize over TCP at 1,000,000 keys, uniform, against 100,000', short: '1M keys: authorize, TCP, uniform' },
    { verb: 'scale', figure: 'authorize_tcp_zipf', least: 0.95, text: 'the same, Zipf 0.99', short: '1M keys: authorize, TCP, Zipf' },
    { verb: 'scale', figure: 'authorize_unix_uniform', least: 0.95, text: 'authorize over a unix socket at 1,000,000 keys, uniform, against 100,000', short: '1M keys: authorize, unix, uniform' },
    { verb: 'scale', figure: 'authorize_unix_zipf', least: 0.95, text: 'the same, Zipf 0.99', short: '1M keys: authorize, unix, Zipf' },
    { verb: 'scale', figure: 'authenticate_tcp_uniform', least: 0.95, text: 'authenticate over TCP at 1,000,000 keys, uniform, against 100,000', short: '1M keys: authenticate, uniform' },
    { verb: 'scale', figure: 'authenticate_tcp_zipf', least: 0.95, text: 'the same, Zipf 0.99', short: '1M keys: authenticate, Zipf' },
    { verb: 'verify', figure: 'against_haproxy', least: 1.5, text: 'authorize over TCP against HAProxy map of hashed keys + stick table, same job', short: 'against HAProxy' },
    { verb: 'verify', figure: 'against_nginx_map', least: 1.2, text: 'authorize over TCP against nginx `map` + `limit_req` (plain keys, static)', short: 'against nginx map + limit_req' },
    { verb: 'table', figure: 'ratio_1000000', most: 2.5, text: '`ward_verify()` in a loop against one keyed hash and one dependent random read of 128 bytes, 10⁶ keys', short: 'ward_verify(), 10⁶ keys' },
    { verb: 'table', figure: 'ratio_10000000', most: 2.5, text: 'the same, 10⁷ keys', short: 'ward_verify(), 10⁷ keys' },
    { verb: 'manage', figure: 'group_commit', least: 5, text: 'durable creates/s, 64 clients against 1', short: 'creates, 64 clients against 1' },
    { verb: 'changes', figure: 'p99_writes', most: 2, text: 'verify p99 while 500 changes/s are written, against its idle p99', short: 'p99 under 500 changes/s' },
    { verb: 'changes', figure: 'p99_generation', most: 2, text: 'verify p99 while a generation changes at 10⁶ keys, against its idle p99', short: 'p99 while a generation changes' },
    { verb: 'startup', figure: 'against_sqlite3', most: 4, text: 'start with 10⁶ keys until ready, against the sqlite3 shell reading the same rows', short: 'start, 10⁶ keys' },
    { verb: 'memory', figure: 'bytes_per_key', most: 200, text: 'table and index, bytes a key without bodies, 10⁶ keys', short: 'bytes a key' },
    { verb: 'slow', figure: 'p99', most: 2, text: '2,000 slow connections (head, body, read): verify p99 against the paired baseline', short: '2,000 slow: p99' },
    { verb: 'slow', figure: 'throughput', least: 0.8, text: 'the same: requests/s', short: '2,000 slow: requests/s' },
    { verb: 'slow', figure: 'left_open', most: 0, text: 'the same: slow connections still open behind their deadline', short: '2,000 slow: left open' },
    { verb: 'plan', figure: 'exact_windows', least: 3000, text: 'a plan under 64 threads in 4 processes: windows in which exactly its number was let in, of 3,000 (seconds, days, months)', short: 'plan: exact windows' },
    { verb: 'plans', figure: 'with_plan', least: 0.85, text: '`GET /v1/authorize` over TCP with product, API, stage, plan rate and both quotas, 100,000 subscribed keys: requests/s against the same call without a plan', short: 'authorize with a plan' },
    { verb: 'signed', figure: 'signed_reads', least: 0.85, text: 'management calls signed for NCP\'s surface against those with an access key on The Auth API: reads of one key/s', short: 'signed reads' },
    { verb: 'signed', figure: 'signed_edits', least: 0.85, text: 'the same: durable edits of one key/s, 64 clients', short: 'signed edits' },
    { verb: 'signed', figure: 'signed_creates', least: 0.85, text: 'the same: durable creates/s, 64 clients, of two values against one', short: 'signed creates' },
    { verb: 'tokens', figure: 'rs256', least: 0.8, text: 'JWTs on `/v1/authorize` over a unix socket, RS256, one deployed JWK, 1,000 tokens that come again, against `openssl speed` for one verification', short: 'tokens, RS256' },
    { verb: 'tokens', figure: 'es256', least: 0.8, text: 'the same, ES256', short: 'tokens, ES256' },
    { verb: 'secrets', figure: 'thousand_jwks', most: 50, text: 'PUT of a key with `UPDATE` and 1,000 JWKs that refer to it, two environments, against one JWK', short: 'PUT, 1,000 JWKs' },
    { verb: 'secrets', figure: 'get_key', most: 2, text: '100,000 keys and JWKs in one project: get of a key by name, against 100', short: 'get a key of 100,000' },
    { verb: 'secrets', figure: 'update_key', most: 2, text: 'the same: update of a key', short: 'update a key of 100,000' },
    { verb: 'secrets', figure: 'get_jwk', most: 2, text: 'the same: get of a JWK', short: 'get a JWK of 100,000' },
    { verb: 'secrets', figure: 'update_jwk', most: 2, text: 'the same: update of a JWK', short: 'update a JWK of 100,000' },
    { verb: 'memory', figure: 'idle_connection_kib', most: 40, text: 'memory of an idle keep-alive connection, KiB', short: 'idle connection' },
];

export const isReached = (goal, figure) => (goal.least === undefined ? figure.value <= goal.most : figure.value >= goal.least);
export const wanted = (goal) => (goal.least === undefined ? `≤ ${goal.most}` : `≥ ${goal.least}`);

/** How far inside its goal a figure is: 1 is just reached, more is better. */
export function margin(goal, value) {
    if (goal.least !== undefined) return value / goal.least;
    if (goal.most === 0) return value === 0 ? 1 : 0;
    return value === 0 ? Infinity : goal.most / value;
}
