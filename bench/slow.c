/*
 * Slow clients on loopback: connections that send a head, or a body, one byte a second, or never read their answers.
 * A connection that the server closes is opened again, so that as many stay as were asked for, until standard input is
 * closed; then all are left as they are until the server has closed them, or the patience ends. Prints JSON lines.
 *
 *   slow --connect PORT --each N --head FILE --body FILE --read FILE [--patience SECONDS]
 *
 * The files hold what is sent at once. Behind a head or a body goes one byte a second; the answer to the request of
 * --read should be large. How long a connection lived is said for heads and bodies alone: a client that does not read
 * does not hear the end either, the bench counts the server's descriptors for those.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { KINDS = 3, READ = 2, EACH_MAX = 4000, EVENTS = 256, DRIP_MS = 1000, FIRST_MAX = 65536, TRICKLE_MSS = 536 };

static const char *const names[KINDS] = { "head", "body", "read" };

struct slow {
    int kind, fd; /* -1: closed */
    int64_t opened_ms, drip_ms;
};

struct kind {
    const char *path;
    char *first;
    size_t first_size;
    uint64_t opened, closed;
    int64_t longest_ms;
};

static struct kind kinds[KINDS];
static struct slow *all;
static int each = 667, port, epoll;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "slow: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void read_first(struct kind *kind)
{
    FILE *file = kind->path ? fopen(kind->path, "rb") : NULL;
    kind->first = malloc(FIRST_MAX);
    if (!file || !kind->first)
        die(kind->path ? kind->path : "a file is missing");
    kind->first_size = fread(kind->first, 1, FIRST_MAX, file);
    fclose(file);
}

static void open_one(struct slow *slow)
{
    struct kind *kind = &kinds[slow->kind];
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)port) };
    slow->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (slow->fd < 0)
        die("socket");
    if (slow->kind == READ) { /* little room on both sides: the server's buffer follows from the segment's size */
        int bytes = 2048, segment = TRICKLE_MSS;
        setsockopt(slow->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        setsockopt(slow->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    }
    if (connect(slow->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    fcntl(slow->fd, F_SETFL, O_NONBLOCK);
    (void)!send(slow->fd, kind->first, kind->first_size, MSG_NOSIGNAL);
    struct epoll_event event = { .events = slow->kind == READ ? EPOLLRDHUP : EPOLLIN | EPOLLRDHUP, .data.ptr = slow };
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, slow->fd, &event) != 0)
        die("epoll");
    slow->opened_ms = now_ms();
    slow->drip_ms = slow->opened_ms + DRIP_MS;
    kind->opened++;
}

/* An answer that says why is read and thrown away; then comes the end. */
static bool is_over(const struct slow *slow, uint32_t events)
{
    char bytes[4096];
    if (events & (EPOLLERR | EPOLLHUP))
        return true;
    if (slow->kind == READ)
        return (events & EPOLLRDHUP) != 0;
    ssize_t got = recv(slow->fd, bytes, sizeof bytes, 0);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

static void note_end(struct slow *slow, bool again)
{
    struct kind *kind = &kinds[slow->kind];
    int64_t lived_ms = now_ms() - slow->opened_ms;
    if (lived_ms > kind->longest_ms)
        kind->longest_ms = lived_ms;
    kind->closed++;
    close(slow->fd);
    slow->fd = -1;
    if (again)
        open_one(slow);
}

static void drip(int64_t now)
{
    for (int i = 0; i < KINDS * each; i++) {
        struct slow *slow = &all[i];
        if (slow->fd < 0 || slow->kind == READ || slow->drip_ms > now)
            continue;
        (void)!send(slow->fd, "a", 1, MSG_NOSIGNAL);
        slow->drip_ms = now + DRIP_MS;
    }
}

static int count_open(void)
{
    int count = 0;
    for (int i = 0; i < KINDS * each; i++)
        count += all[i].fd >= 0;
    return count;
}

static void turn(bool again)
{
    static struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, 50);
    for (int i = 0; i < count; i++) {
        struct slow *slow = events[i].data.ptr;
        if (slow->fd >= 0 && is_over(slow, events[i].events))
            note_end(slow, again);
    }
    drip(now_ms());
}

static void print_state(const char *state)
{
    printf("{\"state\":\"%s\",\"open\":%d", state, count_open());
    for (int i = 0; i < KINDS; i++)
        printf(",\"%s\":{\"opened\":%llu,\"closed\":%llu,\"longest_ms\":%lld}", names[i],
               (unsigned long long)kinds[i].opened, (unsigned long long)kinds[i].closed,
               (long long)kinds[i].longest_ms);
    puts("}");
    fflush(stdout);
}

static bool is_told_to_stop(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    return poll(&input, 1, 0) > 0;
}

int main(int argc, char **argv)
{
    static const struct option table[] = { { "connect", 1, 0, 'c' },
                                           { "each", 1, 0, 'n' },
                                           { "head", 1, 0, 'h' },
                                           { "body", 1, 0, 'b' },
                                           { "read", 1, 0, 'r' },
                                           { "patience", 1, 0, 'p' },
                                           { 0 } };
    double patience_s = 30;
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (c) {
        case 'c':
            port = atoi(optarg);
            break;
        case 'n':
            each = atoi(optarg);
            break;
        case 'h':
            kinds[0].path = optarg;
            break;
        case 'b':
            kinds[1].path = optarg;
            break;
        case 'r':
            kinds[2].path = optarg;
            break;
        case 'p':
            patience_s = atof(optarg);
            break;
        default:
            return 2;
        }
    }
    if (port <= 0 || each < 1 || each > EACH_MAX)
        return 2;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    all = calloc((size_t)(KINDS * each), sizeof *all);
    if (epoll < 0 || !all)
        die("start");
    for (int i = 0; i < KINDS; i++)
        read_first(&kinds[i]);
    for (int i = 0; i < KINDS * each; i++)
        all[i] = (struct slow){ .kind = i % KINDS, .fd = -1 };
    for (int i = 0; i < KINDS * each; i++) {
        open_one(&all[i]);
        if (i % 64 == 63)
            turn(true);
    }
    print_state("open");
    int64_t most_ms = now_ms() + 120000;
    while (!is_told_to_stop() && now_ms() < most_ms)
        turn(true);
    print_state("held");
    for (int64_t end_ms = now_ms() + (int64_t)(patience_s * 1000); now_ms() < end_ms && count_open() > 0;)
        turn(false);
    print_state("left");
    return 0;
}
