/*
 * A light HTTP/1.1 client for measuring: keep-alive connections, one request in flight on each, one recv and one send a
 * request, so that the server and not the client is what saturates. Loopback and unix sockets only; bounded in time.
 *
 *   without --rate   closed loop: the next request follows the answer
 *   with --rate R    R requests a second are due at even times, whatever the server does; latency counts from the time
 *                    a request was due, so a stalled server is not spared the requests it held up
 *   --side FILE      a second stream of requests beside the first, counted apart: changes under verifications
 *
 * Prints one JSON line: requests a second, latency, statuses, the CPU time of the processes named with --pid, and the
 * share of the time that this client itself was busy.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    ANSWER_MAX = 65536,
    REQUEST_MAX = 65536,
    PIECES_MAX = 8,
    CONNECTIONS_MAX = 4096,
    STATUSES = 600,
    PIDS_MAX = 16,
    EVENTS = 256,
    NUMBER_DIGITS = 8,
    PICKS = 1 << 21, /* drawn before the run: drawing takes no time of it */
    AHEAD = 8,
    SUB_BUCKETS = 64, /* of an octave of nanoseconds */
    BUCKETS = 64 * SUB_BUCKETS
};
#define UNKNOWN (UINT32_C(1) << 31)

struct keys {
    char **values;
    uint32_t *sizes;
    size_t count;
    uint32_t *picks; /* an index, and whether the last character is altered */
};

enum piece_kind { PIECE_TEXT, PIECE_KEY, PIECE_NUMBER };

struct piece {
    enum piece_kind kind;
    const char *text;
    size_t size;
};

struct tally {
    uint64_t requests, statuses[STATUSES], latency[BUCKETS];
};

struct connection {
    struct flow *flow;
    struct connection *next_idle;
    int fd;
    size_t have;
    int64_t since_ns; /* when the request was due, or sent */
    char *answer;
};

/* One stream of requests over its own connections. */
struct flow {
    const char *connect, *request_path, *keys_path;
    int connection_count;
    double rate, zipf, unknown;
    struct piece pieces[PIECES_MAX];
    size_t piece_count;
    struct keys keys;
    size_t at; /* the next pick */
    uint64_t number;
    struct connection *connections, *idle;
    int64_t due_ns, interval_ns;
    struct tally tally;
};

static uint64_t random_state;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static double draw_unit(void)
{
    return (double)(draw() >> 11) / 9007199254740992.0;
}

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *need(void *memory)
{
    if (!memory)
        die("memory");
    return memory;
}

static char *read_whole(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die(path);
    long size = ftell(file);
    rewind(file);
    char *text = need(malloc((size_t)size + 1));
    if (fread(text, 1, (size_t)size, file) != (size_t)size)
        die(path);
    fclose(file);
    text[size] = 0;
    *ret_size = (size_t)size;
    return text;
}

/* ---- what is asked ---- */

static void add_piece(struct flow *flow, enum piece_kind kind, const char *text, size_t size)
{
    if (flow->piece_count == PIECES_MAX) {
        errno = E2BIG;
        die(flow->request_path);
    }
    flow->pieces[flow->piece_count++] = (struct piece){ kind, text, size };
}

/* The request file is the bytes to send. %K stands for a key, %N for eight digits that are others each time. */
static void read_request(struct flow *flow)
{
    size_t size;
    const char *text = read_whole(flow->request_path, &size), *from = text;
    if (size > REQUEST_MAX / 2) {
        errno = E2BIG;
        die(flow->request_path);
    }
    for (const char *mark = text; (mark = strchr(mark, '%')) != NULL; mark++) {
        if (mark[1] != 'K' && mark[1] != 'N')
            continue;
        add_piece(flow, PIECE_TEXT, from, (size_t)(mark - from));
        add_piece(flow, mark[1] == 'K' ? PIECE_KEY : PIECE_NUMBER, NULL, 0);
        from = mark + 2;
    }
    add_piece(flow, PIECE_TEXT, from, (size_t)(text + size - from));
}

static bool wants_keys(const struct flow *flow)
{
    for (size_t i = 0; i < flow->piece_count; i++)
        if (flow->pieces[i].kind == PIECE_KEY)
            return true;
    return false;
}

static size_t pick(const double *cumulative, size_t count)
{
    if (!cumulative)
        return draw() % count;
    double at = draw_unit() * cumulative[count - 1];
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cumulative[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void draw_picks(struct flow *flow)
{
    struct keys *keys = &flow->keys;
    double *cumulative = NULL, sum = 0;
    if (flow->zipf > 0) {
        cumulative = need(malloc(keys->count * sizeof(double)));
        for (size_t i = 0; i < keys->count; i++)
            cumulative[i] = sum += 1 / pow((double)(i + 1), flow->zipf);
    }
    keys->picks = need(malloc((PICKS + 2 * AHEAD) * sizeof(uint32_t)));
    for (size_t i = 0; i < PICKS; i++) {
        keys->picks[i] = (uint32_t)pick(cumulative, keys->count);
        if (flow->unknown > 0 && draw_unit() < flow->unknown)
            keys->picks[i] |= UNKNOWN;
    }
    memcpy(keys->picks + PICKS, keys->picks, 2 * AHEAD * sizeof(uint32_t));
    free(cumulative);
}

static void read_keys(struct flow *flow)
{
    struct keys *keys = &flow->keys;
    size_t size;
    char *line = read_whole(flow->keys_path, &size);
    for (size_t i = 0; i < size; i++)
        keys->count += line[i] == '\n';
    errno = EINVAL;
    if (keys->count == 0 || keys->count >= UNKNOWN)
        die(flow->keys_path);
    keys->values = need(malloc(keys->count * sizeof(*keys->values)));
    keys->sizes = need(malloc(keys->count * sizeof(*keys->sizes)));
    for (size_t i = 0; i < keys->count; i++) {
        char *end = strchr(line, '\n');
        keys->values[i] = line;
        keys->sizes[i] = (uint32_t)(end - line);
        line = end + 1;
    }
    draw_picks(flow);
}

static size_t write_key(struct flow *flow, char *to)
{
    struct keys *keys = &flow->keys;
    const uint32_t *picks = &keys->picks[flow->at];
    __builtin_prefetch(keys->values[picks[AHEAD] & ~UNKNOWN]);
    __builtin_prefetch(&keys->values[picks[2 * AHEAD - 1] & ~UNKNOWN]);
    __builtin_prefetch(&keys->sizes[picks[2 * AHEAD - 1] & ~UNKNOWN]);
    size_t key = picks[0] & ~UNKNOWN, size = keys->sizes[key];
    memcpy(to, keys->values[key], size);
    if (picks[0] & UNKNOWN)
        to[size - 1] = to[size - 1] == '0' ? '1' : '0'; /* the same length, never made */
    flow->at = (flow->at + 1) % PICKS;
    return size;
}

static size_t write_number(struct flow *flow, char *to)
{
    uint64_t number = flow->number++;
    for (int i = NUMBER_DIGITS; i-- > 0; number /= 10)
        to[i] = (char)('0' + number % 10);
    return NUMBER_DIGITS;
}

static void send_request(struct connection *connection, int64_t since_ns)
{
    static char bytes[REQUEST_MAX];
    struct flow *flow = connection->flow;
    size_t size = 0;
    for (size_t i = 0; i < flow->piece_count; i++) {
        const struct piece *piece = &flow->pieces[i];
        if (piece->kind == PIECE_KEY) {
            size += write_key(flow, bytes + size);
        } else if (piece->kind == PIECE_NUMBER) {
            size += write_number(flow, bytes + size);
        } else {
            memcpy(bytes + size, piece->text, piece->size);
            size += piece->size;
        }
    }
    connection->have = 0;
    connection->since_ns = since_ns;
    if (send(connection->fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        die("send");
}

/* ---- what is answered ---- */

/* The size of a complete answer at the start of the bytes, or 0. */
static size_t answer_size(const char *bytes, size_t have)
{
    const char *end = memmem(bytes, have, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end - bytes) + 4;
    for (const char *line = bytes; line < end; line = (const char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1)
        if ((line[0] | 32) == 'c' && strncasecmp(line, "content-length:", 15) == 0) {
            size_t whole = head + strtoul(line + 15, NULL, 10);
            return have >= whole ? whole : 0;
        }
    return head;
}

static size_t bucket_of(int64_t ns)
{
    uint64_t value = ns < SUB_BUCKETS ? SUB_BUCKETS : (uint64_t)ns;
    unsigned octave = 63 - (unsigned)__builtin_clzll(value);
    return octave * SUB_BUCKETS + ((value >> (octave - 6)) & (SUB_BUCKETS - 1));
}

static double percentile_us(const struct tally *tally, double share)
{
    uint64_t wanted = (uint64_t)((double)tally->requests * share), seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += tally->latency[i];
        if (seen > wanted)
            return ldexp(1 + ((double)(i % SUB_BUCKETS) + 0.5) / SUB_BUCKETS, (int)(i / SUB_BUCKETS)) / 1000;
    }
    return 0;
}

static void receive(struct connection *connection)
{
    struct flow *flow = connection->flow;
    ssize_t got = recv(connection->fd, connection->answer + connection->have, ANSWER_MAX - connection->have, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        errno = got == 0 ? ECONNRESET : errno;
        die("the server closed a connection");
    }
    connection->have += (size_t)got;
    if (connection->have < 16 || answer_size(connection->answer, connection->have) == 0)
        return;
    int status = atoi(connection->answer + 9);
    int64_t now = now_ns();
    flow->tally.statuses[status >= 0 && status < STATUSES ? status : 0]++;
    flow->tally.latency[bucket_of(now - connection->since_ns)]++;
    flow->tally.requests++;
    if (flow->rate <= 0) {
        send_request(connection, now);
        return;
    }
    connection->next_idle = flow->idle;
    flow->idle = connection;
}

/* ---- the run ---- */

static int open_connection(const char *where)
{
    int fd;
    if (strncmp(where, "unix:", 5) == 0) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        snprintf(address.sun_path, sizeof address.sun_path, "%s", where + 5);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
            die(where);
    } else {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        const char *colon = strrchr(where, ':');
        address.sin_port = htons((uint16_t)atoi(colon ? colon + 1 : where));
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
            die(where);
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void open_flow(struct flow *flow, int epoll)
{
    read_request(flow);
    if (wants_keys(flow)) {
        if (!flow->keys_path) {
            errno = EINVAL;
            die("a request with %K needs keys");
        }
        read_keys(flow);
    }
    flow->interval_ns = flow->rate > 0 ? (int64_t)(1e9 / flow->rate) : 0;
    flow->connections = need(calloc((size_t)flow->connection_count, sizeof *flow->connections));
    for (int i = 0; i < flow->connection_count; i++) {
        struct connection *connection = &flow->connections[i];
        *connection = (struct connection){ .flow = flow,
                                           .fd = open_connection(flow->connect),
                                           .next_idle = flow->idle };
        connection->answer = need(malloc(ANSWER_MAX));
        flow->idle = connection;
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
            die("epoll");
    }
}

/* Send what is due, as far as connections are free; without a rate everything is due at once. */
static void send_due(struct flow *flow, int64_t now)
{
    while (flow->idle && (flow->rate <= 0 || flow->due_ns <= now)) {
        struct connection *connection = flow->idle;
        flow->idle = connection->next_idle;
        send_request(connection, flow->rate > 0 ? flow->due_ns : now);
        flow->due_ns += flow->interval_ns;
    }
}

static uint64_t own_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* CPU time of processes and all their threads. */
static uint64_t cpu_ns(const int *pids, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        char path[320];
        snprintf(path, sizeof path, "/proc/%d/task", pids[i]);
        DIR *tasks = opendir(path);
        if (!tasks)
            die(path);
        for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
            unsigned long long ns = 0;
            snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pids[i], task->d_name);
            FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
            if (file && fscanf(file, "%llu", &ns) == 1)
                total += ns;
            if (file)
                fclose(file);
        }
        closedir(tasks);
    }
    return total;
}

struct run {
    struct flow flows[2];
    size_t flow_count;
    double seconds, warmup_s;
    int pids[PIDS_MAX];
    size_t pid_count;
    double took_s;
    uint64_t cpu_ns, own_cpu_ns;
};

static void drive(struct run *run)
{
    static struct epoll_event events[EVENTS];
    int epoll = epoll_create1(0);
    bool is_paced = false;
    for (size_t i = 0; i < run->flow_count; i++) {
        open_flow(&run->flows[i], epoll);
        is_paced |= run->flows[i].rate > 0;
    }
    int64_t start = now_ns(), measured = start + (int64_t)(run->warmup_s * 1e9);
    int64_t stop = measured + (int64_t)(run->seconds * 1e9);
    uint64_t cpu_before = 0, own_before = 0;
    bool is_warm = false;
    for (size_t i = 0; i < run->flow_count; i++)
        run->flows[i].due_ns = start;
    for (int64_t now = start; now < stop; now = now_ns()) {
        if (!is_warm && now >= measured) {
            for (size_t i = 0; i < run->flow_count; i++)
                memset(&run->flows[i].tally, 0, sizeof run->flows[i].tally);
            cpu_before = cpu_ns(run->pids, run->pid_count);
            own_before = own_cpu_ns();
            measured = now_ns();
            is_warm = true;
        }
        for (size_t i = 0; i < run->flow_count; i++)
            send_due(&run->flows[i], now);
        int count = epoll_wait(epoll, events, EVENTS, is_paced ? 0 : 100);
        for (int i = 0; i < count; i++)
            receive(events[i].data.ptr);
    }
    run->took_s = (double)(now_ns() - measured) / 1e9;
    run->cpu_ns = cpu_ns(run->pids, run->pid_count) - cpu_before;
    run->own_cpu_ns = own_cpu_ns() - own_before;
}

/* ---- words ---- */

static void print_flow(const struct flow *flow, double seconds)
{
    const struct tally *tally = &flow->tally;
    printf("\"requests\":%llu,\"seconds\":%.3f,\"rps\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"statuses\":{",
           (unsigned long long)tally->requests, seconds, (double)tally->requests / seconds, percentile_us(tally, 0.50),
           percentile_us(tally, 0.99));
    const char *comma = "";
    for (int i = 0; i < STATUSES; i++)
        if (tally->statuses[i]) {
            printf("%s\"%d\":%llu", comma, i, (unsigned long long)tally->statuses[i]);
            comma = ",";
        }
    printf("}");
}

static void usage(void)
{
    fputs("usage: load --connect PORT|unix:PATH --request FILE [--keys FILE] [--connections 48] [--rate R]\n"
          "            [--seconds 3] [--warmup 0.5] [--zipf S] [--unknown 0.05] [--seed N] [--pid PID]…\n"
          "            [--side FILE [--side-connect WHERE] [--side-keys FILE] [--side-connections 16] [--side-rate R]\n"
          "            [--number FIRST]]\n",
          stderr);
    exit(2);
}

static void add_pid(struct run *run, int pid)
{
    if (run->pid_count == PIDS_MAX)
        usage();
    run->pids[run->pid_count++] = pid;
}

static void read_options(int argc, char **argv, struct run *run)
{
    struct flow *flow = &run->flows[0], *side = &run->flows[1];
    static const struct option table[] = {
        { "connect", 1, 0, 'c' },      { "request", 1, 0, 'r' },   { "keys", 1, 0, 'k' },
        { "connections", 1, 0, 'n' },  { "rate", 1, 0, 'R' },      { "seconds", 1, 0, 's' },
        { "warmup", 1, 0, 'w' },       { "zipf", 1, 0, 'z' },      { "unknown", 1, 0, 'u' },
        { "seed", 1, 0, 'e' },         { "pid", 1, 0, 'p' },       { "side", 1, 0, 'S' },
        { "side-connect", 1, 0, 'C' }, { "side-keys", 1, 0, 'K' }, { "side-connections", 1, 0, 'N' },
        { "side-rate", 1, 0, 'T' },    { "number", 1, 0, 'F' },    { 0 },
    };
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (c) {
        case 'c':
            flow->connect = optarg;
            break;
        case 'r':
            flow->request_path = optarg;
            break;
        case 'k':
            flow->keys_path = optarg;
            break;
        case 'n':
            flow->connection_count = atoi(optarg);
            break;
        case 'R':
            flow->rate = atof(optarg);
            break;
        case 's':
            run->seconds = atof(optarg);
            break;
        case 'w':
            run->warmup_s = atof(optarg);
            break;
        case 'z':
            flow->zipf = atof(optarg);
            break;
        case 'u':
            flow->unknown = atof(optarg);
            break;
        case 'e':
            random_state = strtoull(optarg, NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) | 1;
            break;
        case 'p':
            add_pid(run, atoi(optarg));
            break;
        case 'S':
            side->request_path = optarg;
            run->flow_count = 2;
            break;
        case 'C':
            side->connect = optarg;
            break;
        case 'K':
            side->keys_path = optarg;
            break;
        case 'N':
            side->connection_count = atoi(optarg);
            break;
        case 'T':
            side->rate = atof(optarg);
            break;
        case 'F':
            flow->number = side->number = strtoull(optarg, NULL, 10);
            break;
        default:
            usage();
        }
    }
    if (!side->connect)
        side->connect = flow->connect;
}

static bool is_usable(const struct flow *flow)
{
    return flow->connect && flow->request_path && flow->connection_count > 0 &&
           flow->connection_count <= CONNECTIONS_MAX;
}

int main(int argc, char **argv)
{
    static struct run run = { .flows = { { .connection_count = 48 }, { .connection_count = 16 } },
                              .flow_count = 1,
                              .seconds = 3,
                              .warmup_s = 0.5 };
    random_state = 88172645463325252u;
    read_options(argc, argv, &run);
    if (!is_usable(&run.flows[0]) || (run.flow_count == 2 && !is_usable(&run.flows[1])) || run.seconds > 120)
        usage();
    drive(&run);
    printf("{");
    print_flow(&run.flows[0], run.took_s);
    if (run.pid_count > 0 && run.flows[0].tally.requests > 0)
        printf(",\"busy\":%.3f,\"cpu_us\":%.3f", (double)run.cpu_ns / 1e9 / run.took_s,
               (double)run.cpu_ns / 1000 / (double)run.flows[0].tally.requests);
    printf(",\"own_busy\":%.3f", (double)run.own_cpu_ns / 1e9 / run.took_s);
    if (run.flow_count == 2) {
        printf(",\"side\":{");
        print_flow(&run.flows[1], run.took_s);
        printf("}");
    }
    puts("}");
    return 0;
}
