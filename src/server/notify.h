/* The service manager's protocol: one datagram to $NOTIFY_SOCKET. Source: sd_notify(3), sd_watchdog_enabled(3). */
#ifndef WARD_SERVER_NOTIFY_H
#define WARD_SERVER_NOTIFY_H

#include <stdbool.h>

/** Tell the service manager, if there is one: "READY=1", "STOPPING=1", "RELOADING=1", "WATCHDOG=1". */
void ward_notify(const char *state);

/** True when the service manager wants to hear WATCHDOG=1. */
bool ward_notify_wants_watchdog(void);

#endif
