// Linux headers that Swift's Glibc module leaves out, and declarations that glibc shows only to programs built with _GNU_SOURCE,
// which the Glibc module is not. No logic lives here.
#pragma once
#include <arpa/inet.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

// man 2 accept4
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
