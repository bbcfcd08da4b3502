/*
 * A light closed-loop HTTP/1.1 client for measuring: keep-alive connections, one request in flight on each, one recv
 * and one send a request, so that the server and not the client is what saturates. Loopback and unix sockets only;
 * bounded in time. Prints one JSON line: requests a second, latency, statuses.
 */
#include <arpa/inet.h>
#include <ctype.h>
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

enum { ANSWER_MAX = 65536, REQUEST_MAX = 16384, CONNECTIONS_MAX = 4096, BUCKETS = 4096 };

struct connection {
    int fd;
    size_t have;
    int64_t sent_ns;
    char answer[ANSWER_MAX];
};

struct options {
    const char *connect, *request_path, *keys_path;
    int connections;
    double seconds, warmup_s, zipf, unknown;
    uint64_t seed;
};

struct keys {
    char **values;
    size_t *sizes;
    size_t count;
    double *cumulative; /* Zipf; NULL: uniform */
};

struct tally {
    uint64_t requests, statuses[1000], errors, latency[BUCKETS]; /* buckets of a 64th of an octave, in ns */
};

static char request_prefix[REQUEST_MAX], request_suffix[REQUEST_MAX];
static size_t prefix_size, suffix_size;
static bool has_key;
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

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static char *read_whole(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die(path);
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    if (!text || fread(text, 1, (size_t)size, file) != (size_t)size)
        die(path);
    fclose(file);
    text[size] = 0;
    *ret_size = (size_t)size;
    return text;
}

/* The request file is the bytes to send; %K stands for the key. Line ends are written as they are sent. */
static void read_request(const char *path)
{
    size_t size;
    char *text = read_whole(path, &size);
    char *mark = strstr(text, "%K");
    has_key = mark != NULL;
    prefix_size = mark ? (size_t)(mark - text) : size;
    suffix_size = mark ? size - prefix_size - 2 : 0;
    if (prefix_size > REQUEST_MAX / 2 || suffix_size > REQUEST_MAX / 2) {
        errno = EFBIG;
        die(path);
    }
    memcpy(request_prefix, text, prefix_size);
    if (mark)
        memcpy(request_suffix, mark + 2, suffix_size);
    free(text);
}

static void read_keys(const char *path, double zipf, struct keys *keys)
{
    size_t size;
    char *text = read_whole(path, &size);
    for (size_t i = 0; i < size; i++)
        keys->count += text[i] == '\n';
    keys->values = malloc(keys->count * sizeof(char *));
    keys->sizes = malloc(keys->count * sizeof(size_t));
    if (!keys->values || !keys->sizes)
        die("keys");
    char *line = text;
    for (size_t i = 0; i < keys->count; i++) {
        char *end = strchr(line, '\n');
        keys->values[i] = line;
        keys->sizes[i] = (size_t)(end - line);
        line = end + 1;
    }
    if (zipf <= 0)
        return;
    keys->cumulative = malloc(keys->count * sizeof(double));
    if (!keys->cumulative)
        die("keys");
    double sum = 0;
    for (size_t i = 0; i < keys->count; i++)
        keys->cumulative[i] = sum += 1 / pow((double)(i + 1), zipf);
}

static size_t pick_key(const struct keys *keys)
{
    if (!keys->cumulative)
        return draw() % keys->count;
    double at = draw_unit() * keys->cumulative[keys->count - 1];
    size_t low = 0, high = keys->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (keys->cumulative[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

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

static void send_request(struct connection *connection, const struct keys *keys, double unknown)
{
    char bytes[REQUEST_MAX + 512];
    memcpy(bytes, request_prefix, prefix_size);
    size_t size = prefix_size;
    if (has_key) {
        size_t key = pick_key(keys);
        size_t length = keys->sizes[key];
        memcpy(bytes + size, keys->values[key], length);
        if (unknown > 0 && draw_unit() < unknown)
            bytes[size + length - 1] = bytes[size + length - 1] == '0' ? '1' : '0'; /* the same length, never made */
        size += length;
        memcpy(bytes + size, request_suffix, suffix_size);
        size += suffix_size;
    }
    connection->have = 0;
    connection->sent_ns = now_ns();
    if (send(connection->fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        die("send");
}

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
    double octaves = log2((double)(ns < 1 ? 1 : ns));
    size_t bucket = (size_t)(octaves * 64);
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static double percentile_us(const struct tally *tally, double share)
{
    uint64_t wanted = (uint64_t)((double)tally->requests * share), seen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += tally->latency[i];
        if (seen > wanted)
            return exp2(((double)i + 0.5) / 64) / 1000;
    }
    return 0;
}

static void receive(struct connection *connection, const struct options *options, const struct keys *keys,
                    struct tally *tally)
{
    ssize_t got = recv(connection->fd, connection->answer + connection->have, ANSWER_MAX - connection->have, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) { /* closed: count it and go on with a fresh connection (same descriptor number in the epoll set) */
        tally->errors++;
        errno = ECONNRESET;
        die("the server closed a connection");
    }
    connection->have += (size_t)got;
    if (answer_size(connection->answer, connection->have) == 0)
        return;
    int status = atoi(connection->answer + 9);
    tally->statuses[status >= 0 && status < 1000 ? status : 0]++;
    tally->latency[bucket_of(now_ns() - connection->sent_ns)]++;
    tally->requests++;
    send_request(connection, keys, options->unknown);
}

static void drive(const struct options *options, const struct keys *keys, struct tally *tally, double *ret_seconds)
{
    static struct epoll_event events[CONNECTIONS_MAX];
    struct connection *connections = calloc((size_t)options->connections, sizeof *connections);
    int epoll = epoll_create1(0);
    if (!connections || epoll < 0)
        die("epoll");
    for (int i = 0; i < options->connections; i++) {
        connections[i].fd = open_connection(options->connect);
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &connections[i] };
        epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
        send_request(&connections[i], keys, options->unknown);
    }
    int64_t start = now_ns(), measured = start + (int64_t)(options->warmup_s * 1e9);
    int64_t stop = measured + (int64_t)(options->seconds * 1e9);
    bool is_warm = false;
    for (int64_t now = start; now < stop; now = now_ns()) {
        if (!is_warm && now >= measured) {
            memset(tally, 0, sizeof *tally);
            measured = now;
            is_warm = true;
        }
        int count = epoll_wait(epoll, events, CONNECTIONS_MAX, 100);
        for (int i = 0; i < count; i++)
            receive(events[i].data.ptr, options, keys, tally);
    }
    *ret_seconds = (double)(now_ns() - measured) / 1e9;
    for (int i = 0; i < options->connections; i++)
        close(connections[i].fd);
    close(epoll);
    free(connections);
}

static void usage(void)
{
    fputs("usage: load --connect PORT|unix:PATH --request FILE [--keys FILE] [--connections 48] [--seconds 3]\n"
          "            [--warmup 0.5] [--zipf S] [--unknown 0.05] [--seed N]\n",
          stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    struct options options = { .connections = 48, .seconds = 3, .warmup_s = 0.5, .seed = 88172645463325252u };
    static const struct option table[] = { { "connect", 1, 0, 'c' }, { "request", 1, 0, 'r' },
                                           { "keys", 1, 0, 'k' },    { "connections", 1, 0, 'n' },
                                           { "seconds", 1, 0, 's' }, { "warmup", 1, 0, 'w' },
                                           { "zipf", 1, 0, 'z' },    { "unknown", 1, 0, 'u' },
                                           { "seed", 1, 0, 'e' },    { 0 } };
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (c) {
        case 'c':
            options.connect = optarg;
            break;
        case 'r':
            options.request_path = optarg;
            break;
        case 'k':
            options.keys_path = optarg;
            break;
        case 'n':
            options.connections = atoi(optarg);
            break;
        case 's':
            options.seconds = atof(optarg);
            break;
        case 'w':
            options.warmup_s = atof(optarg);
            break;
        case 'z':
            options.zipf = atof(optarg);
            break;
        case 'u':
            options.unknown = atof(optarg);
            break;
        case 'e':
            options.seed = strtoull(optarg, NULL, 10) | 1;
            break;
        default:
            usage();
        }
    }
    if (!options.connect || !options.request_path || options.connections < 1 || options.connections > CONNECTIONS_MAX ||
        options.seconds > 120)
        usage();
    random_state = options.seed;
    read_request(options.request_path);
    struct keys keys = { 0 };
    if (has_key) {
        if (!options.keys_path)
            usage();
        read_keys(options.keys_path, options.zipf, &keys);
    }
    static struct tally tally;
    double seconds = 0;
    drive(&options, &keys, &tally, &seconds);
    printf("{\"requests\":%llu,\"seconds\":%.3f,\"rps\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"statuses\":{",
           (unsigned long long)tally.requests, seconds, (double)tally.requests / seconds, percentile_us(&tally, 0.50),
           percentile_us(&tally, 0.99));
    const char *comma = "";
    for (int i = 0; i < 1000; i++)
        if (tally.statuses[i]) {
            printf("%s\"%d\":%llu", comma, i, (unsigned long long)tally.statuses[i]);
            comma = ",";
        }
    puts("}}");
    return 0;
}
