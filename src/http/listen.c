/* Listening sockets: our own, so that their failures can be told in a sentence that helps. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/encoding.h"
#include "http/internal.h"

enum { BACKLOG = 4096, PORT_MAX = 65535, WHY = 256, TEXT = 128, MODE_UNIX = 0660, MODE_CONTROL = 0600 };

#define UNIX_PREFIX "unix:"

static enum ward_status fail(char why[WHY], enum ward_status status, const char *address, const char *sentence)
{
    snprintf(why, WHY, "cannot listen on %.100s: %s", address, sentence);
    return status;
}

static enum ward_status fail_errno(char why[WHY], const char *address, int error)
{
    if (error == EADDRINUSE) {
        return fail(why, WARD_LOCKED, address,
                    "another program is using it; stop that one or choose another address with --listen");
    }
    if (error == EADDRNOTAVAIL) {
        return fail(why, WARD_INVALID, address, "no network interface of this machine has that address");
    }
    if (error == EACCES || error == EPERM) {
        return fail(why, WARD_IO, address, "permission denied; ports below 1024 and foreign directories need rights");
    }
    char sentence[128];
    char reason[96];
    snprintf(sentence, sizeof(sentence), "%s", strerror_r(error, reason, sizeof(reason)));
    return fail(why, WARD_IO, address, sentence);
}

/* Unix sockets */

static bool somebody_answers(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return true; /* not known: leave the file alone */
    }
    bool is_refused = connect(fd, (const struct sockaddr *)name, sizeof(*name)) != 0 && errno == ECONNREFUSED;
    (void)close(fd);
    return !is_refused;
}

/* The file of a server that was killed is removed; the socket of a running one and any other file are not. */
static enum ward_status make_way(const struct sockaddr_un *name, const char *address, char why[WHY])
{
    struct stat found;
    if (lstat(name->sun_path, &found) != 0) {
        return errno == ENOENT ? WARD_OK : fail_errno(why, address, errno);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return fail(why, WARD_INVALID, address, "there is a file of that name which is not a socket");
    }
    if (somebody_answers(name)) {
        return fail_errno(why, address, EADDRINUSE);
    }
    return unlink(name->sun_path) == 0 || errno == ENOENT ? WARD_OK : fail_errno(why, address, errno);
}

static enum ward_status bind_unix(int fd, const struct sockaddr_un *name, mode_t mode, const char *address,
                                  char why[WHY])
{
    /* The mode of the descriptor before bind is that of the file: it is never open wider than it shall be. */
    bool is_bound = fchmod(fd, mode) == 0 && bind(fd, (const struct sockaddr *)name, sizeof(*name)) == 0;
    if (!is_bound || chmod(name->sun_path, mode) != 0) { /* and what the umask took away is given back */
        return fail_errno(why, address, errno);
    }
    return listen(fd, BACKLOG) == 0 ? WARD_OK : fail_errno(why, address, errno);
}

static enum ward_status open_unix(const struct ward_http_listen *wanted, struct ward_http_socket *ret, char why[WHY])
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    const char *path = wanted->address + sizeof(UNIX_PREFIX) - 1;
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof(name.sun_path)) {
        return fail(why, WARD_INVALID, wanted->address, "the path of a unix socket has 1 to 107 bytes");
    }
    memcpy(name.sun_path, path, size + 1);
    enum ward_status status = make_way(&name, wanted->address, why);
    if (status != WARD_OK) {
        return status;
    }
    ret->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ret->fd < 0) {
        return fail_errno(why, wanted->address, errno);
    }
    mode_t mode = wanted->kind == WARD_LISTENER_CONTROL ? MODE_CONTROL : MODE_UNIX;
    status = bind_unix(ret->fd, &name, mode, wanted->address, why);
    struct stat made;
    if (status == WARD_OK && lstat(path, &made) == 0) {
        memcpy(ret->unix_path, path, size + 1);
        ret->device = made.st_dev;
        ret->inode = made.st_ino;
    }
    snprintf(ret->text, TEXT, "%s", wanted->address);
    return status;
}

/* TCP */

struct tcp_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
};

static bool parse_host(struct ward_span host, uint16_t port, struct tcp_address *ret)
{
    char text[INET6_ADDRSTRLEN + 1];
    bool is_v6 = host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
    if (is_v6) {
        host = ward_span(host.data + 1, host.size - 2);
    }
    if (ward_span_equal(host, WARD_SPAN("localhost"))) {
        host = WARD_SPAN("127.0.0.1");
    }
    if (host.size == 0 || host.size >= sizeof(text)) {
        return false;
    }
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    *ret = (struct tcp_address){ 0 };
    if (is_v6) {
        ret->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
        ret->size = sizeof(ret->v6);
        return inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1;
    }
    ret->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
    ret->size = sizeof(ret->v4);
    return inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1;
}

static bool parse_tcp(const char *address, struct tcp_address *ret)
{
    const char *colon = strrchr(address, ':');
    int64_t port = 0;
    if (!colon || !ward_parse_uint(ward_span_of(colon + 1), &port) || port > PORT_MAX) {
        return false;
    }
    return parse_host(ward_span(address, (size_t)(colon - address)), (uint16_t)port, ret);
}

static void write_tcp(int fd, char text[TEXT])
{
    struct tcp_address got = { .size = sizeof(got.v6) };
    char host[INET6_ADDRSTRLEN] = "?";
    if (getsockname(fd, &got.any, &got.size) != 0) {
        return;
    }
    if (got.any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &got.v6.sin6_addr, host, sizeof(host));
        snprintf(text, TEXT, "[%s]:%u", host, ntohs(got.v6.sin6_port));
    } else {
        (void)inet_ntop(AF_INET, &got.v4.sin_addr, host, sizeof(host));
        snprintf(text, TEXT, "%s:%u", host, ntohs(got.v4.sin_port));
    }
}

static enum ward_status open_tcp(const struct ward_http_listen *wanted, struct ward_http_socket *ret, char why[WHY])
{
    struct tcp_address address;
    if (!parse_tcp(wanted->address, &address)) {
        return fail(why, WARD_INVALID, wanted->address,
                    "an address is written 127.0.0.1:8420, [::1]:8420 or unix:PATH");
    }
    ret->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ret->fd < 0) {
        return fail_errno(why, wanted->address, errno);
    }
    int on = 1;
    (void)setsockopt(ret->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address.any.sa_family == AF_INET6) {
        (void)setsockopt(ret->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(ret->fd, &address.any, address.size) != 0 || listen(ret->fd, BACKLOG) != 0) {
        return fail_errno(why, wanted->address, errno);
    }
    write_tcp(ret->fd, ret->text);
    return WARD_OK;
}

enum ward_status ward_http_socket_open(const struct ward_http_listen *wanted, struct ward_http_socket *ret,
                                       char why[256])
{
    *ret = (struct ward_http_socket){ .fd = -1 };
    if (!wanted->address) {
        return fail(why, WARD_INVALID, "", "no address");
    }
    bool is_unix = strncmp(wanted->address, UNIX_PREFIX, sizeof(UNIX_PREFIX) - 1) == 0;
    if (!is_unix && (wanted->kind == WARD_LISTENER_CONTROL || wanted->kind == WARD_LISTENER_UNIX)) {
        return fail(why, WARD_INVALID, wanted->address, "this listener must be a unix socket");
    }
    return is_unix ? open_unix(wanted, ret, why) : open_tcp(wanted, ret, why);
}

void ward_http_socket_close(struct ward_http_socket *socket)
{
    struct stat found;
    if (socket->unix_path[0] && lstat(socket->unix_path, &found) == 0 && found.st_dev == socket->device &&
        found.st_ino == socket->inode) {
        (void)unlink(socket->unix_path);
    }
    if (socket->fd >= 0) {
        (void)close(socket->fd);
    }
    *socket = (struct ward_http_socket){ .fd = -1 };
}
