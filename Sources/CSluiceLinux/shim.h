// Linux headers that Swift's Glibc module leaves out, and declarations that glibc shows only to programs built with _GNU_SOURCE,
// which the Glibc module is not. No logic lives here.
#pragma once
#include <arpa/inet.h>
#include <linux/filter.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

// man 2 prctl, which is variadic and so not imported
static inline int sluice_prctl(int option, unsigned long value) { return prctl(option, value, 0UL, 0UL, 0UL); }

// man 2 accept4
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
