/* The service manager's protocol: one datagram, to a path or an abstract name; silence without a manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/notify.h"

static int bind_to(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t size = strlen(name);
    memcpy(address.sun_path, name, size);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
    return fd;
}

static void hears(const char *name)
{
    char text[64] = "";
    int fd = bind_to(name);
    setenv("NOTIFY_SOCKET", name, 1);
    ward_notify("READY=1");
    assert_int_equal(recv(fd, text, sizeof(text), 0), 7);
    assert_string_equal(text, "READY=1");
    close(fd);
}

static void told_at_a_path_and_at_an_abstract_name(void **state)
{
    (void)state;
    char path[64], abstract[64];
    snprintf(path, sizeof(path), "/tmp/ward-notify-%ld", (long)getpid());
    snprintf(abstract, sizeof(abstract), "@ward-notify-%ld", (long)getpid());
    hears(path);
    unlink(path);
    hears(abstract);
    ward_notify("READY=1"); /* nobody listens any more */
    setenv("NOTIFY_SOCKET", "relative", 1);
    ward_notify("READY=1");
    unsetenv("NOTIFY_SOCKET");
    ward_notify("READY=1");
}

static void watchdog(void **state)
{
    (void)state;
    char pid[32];
    unsetenv("WATCHDOG_USEC");
    assert_false(ward_notify_wants_watchdog());
    setenv("WATCHDOG_USEC", "1000000", 1);
    assert_true(ward_notify_wants_watchdog());
    setenv("WATCHDOG_PID", "1", 1);
    assert_false(ward_notify_wants_watchdog());
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_true(ward_notify_wants_watchdog());
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(told_at_a_path_and_at_an_abstract_name),
                                        cmocka_unit_test(watchdog) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
