/* A slower or a failing disk for one program: LD_PRELOAD=disk.so. It concerns the files whose path contains DISK_MATCH.
 *
 * DISK_SYNC_US          microseconds that each sync takes
 * DISK_BYTES_PER_SECOND bytes written since the last sync take so long, too
 * DISK_FAIL_SYNC        one sync in so many fails with EIO
 * DISK_FAIL_WRITE       one write in so many fails with EIO, or with ENOSPC after half of its bytes
 * DISK_SEED             of the faults; the same seed and the same calls fail at the same place
 * DISK_LOG              file to which each fault appends a letter: s for a sync, w for a write with EIO, f for ENOSPC
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FILES = 65536 };
static atomic_char concerned[MOST_FILES];
static atomic_long unsynced;
static atomic_ulong calls;

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Fails a call with this error. The log outlives the process, which may be killed at any time. */
static int fail(char kind, int error) {
    const char *path = getenv("DISK_LOG");
    int log = path ? NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    ssize_t logged = log >= 0 ? write(log, &kind, 1) : 0;
    (void)logged;
    if (log >= 0) NEXT(close)(log);
    return errno = error, -1;
}

/* Whether the next call of a kind fails: splitmix64 over the seed and the number of the call. */
static int fails(const char *name) {
    long one_in = number(name);
    if (one_in <= 0) return 0;
    unsigned long x = (unsigned long)number("DISK_SEED") + 0x9E3779B97F4A7C15UL * ++calls;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9UL;
    x = (x ^ x >> 27) * 0x94D049BB133111EBUL;
    return (x ^ x >> 31) % (unsigned long)one_in == 0;
}

static int is_concerned(int fd) { return fd >= 0 && fd < MOST_FILES && concerned[fd]; }

static int opened(int fd, const char *path) {
    const char *match = getenv("DISK_MATCH");
    if (fd >= 0 && fd < MOST_FILES) concerned[fd] = match && strstr(path, match) != NULL;
    return fd;
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        mode_t mode = 0;                                                                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                                           \
            va_list list;                                                                                              \
            va_start(list, flags);                                                                                     \
            mode = va_arg(list, mode_t);                                                                               \
            va_end(list);                                                                                              \
        }                                                                                                              \
        return opened(NEXT(name)(path, flags, mode), path);                                                            \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (fd >= 0 && fd < MOST_FILES) concerned[fd] = 0;
    return NEXT(close)(fd);
}

#define WRITE(name, offset_type)                                                                                       \
    ssize_t name(int fd, const void *bytes, size_t count, offset_type offset) {                                        \
        if (!is_concerned(fd)) return NEXT(name)(fd, bytes, count, offset);                                            \
        if (fails("DISK_FAIL_WRITE")) {                                                                                \
            if (calls % 2) return NEXT(name)(fd, bytes, count / 2, offset), fail('f', ENOSPC);                         \
            return fail('w', EIO);                                                                                     \
        }                                                                                                              \
        ssize_t written = NEXT(name)(fd, bytes, count, offset);                                                        \
        if (written > 0) unsynced += written;                                                                          \
        return written;                                                                                                \
    }
WRITE(pwrite, off_t)
WRITE(pwrite64, off64_t)

static int wait_and_sync(int fd, int (*sync)(int)) {
    if (!is_concerned(fd)) return sync(fd);
    if (fails("DISK_FAIL_SYNC")) return fail('s', EIO);
    long nanoseconds = 1000 * number("DISK_SYNC_US");
    long rate = number("DISK_BYTES_PER_SECOND");
    if (rate > 0) nanoseconds += (long)(1e9 * (double)atomic_exchange(&unsynced, 0) / (double)rate);
    struct timespec pause = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    if (nanoseconds > 0) nanosleep(&pause, NULL);
    return sync(fd);
}

int fdatasync(int fd) { return wait_and_sync(fd, NEXT(fdatasync)); }
int fsync(int fd) { return wait_and_sync(fd, NEXT(fsync)); }
