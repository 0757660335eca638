// Loaded before a program with LD_PRELOAD (fault.py): counts its calls of some functions of libc
// and makes the Nth fail, or kills the program in place of it.
//
//   FAULT_CALL=write,rename   what counts: write, rename, unlink, mkdir, open, sync, truncate,
//                             mmap, malloc, thread
//   FAULT_AT=N                the Nth call, from 1; 0 or not set: none
//   FAULT_HOW=fail|from|kill  the Nth fails; it and all after it fail; SIGKILL in place of it
//   FAULT_ERRNO=28            errno of what fails; default ENOSPC, ENOMEM (mmap, malloc), EAGAIN
//                             (thread)
//   FAULT_MIN=BYTES           only allocations of so many bytes or more count
//   FAULT_COUNT=FILE          the number of calls is written there at the end
//
// Opening counts only for writing or creating, writes only to descriptors above 2. glibc's own
// stdio calls its write inside and is not seen; /dev/full serves for that.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum Call { WRITE, RENAME, UNLINK, MKDIR, OPEN, SYNC, TRUNCATE, MMAP, MALLOC, THREAD, CALLS };
static const char* const kNames[CALLS] = {"write", "rename",   "unlink", "mkdir",  "open",
                                          "sync",  "truncate", "mmap",   "malloc", "thread"};

static int counted[CALLS], ready, from, kills, error_number;
static long fault_at;
static size_t least;
static atomic_long calls;
static int (*real_pthread_create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

// glibc's own allocator under its second names: dlsym would allocate.
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

__attribute__((constructor)) static void set_up(void) {
  *(void**)&real_pthread_create = dlsym(RTLD_NEXT, "pthread_create");
  const char* names = getenv("FAULT_CALL");
  for (int call = 0; names != NULL && call < CALLS; ++call) {
    const size_t length = strlen(kNames[call]);
    for (const char* at = names; (at = strstr(at, kNames[call])) != NULL; at += length)
      if ((at == names || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
        counted[call] = 1;
  }
  const char* text = getenv("FAULT_AT");
  fault_at = text != NULL ? atol(text) : 0;
  text = getenv("FAULT_MIN");
  least = text != NULL ? (size_t)atol(text) : 0;
  text = getenv("FAULT_ERRNO");
  error_number = text != NULL ? atoi(text) : 0;
  text = getenv("FAULT_HOW");
  from = text != NULL && strcmp(text, "from") == 0;
  kills = text != NULL && strcmp(text, "kill") == 0;
  ready = 1;
}

// Whether this call is to fail; errno is set then.
static int fails(enum Call call) {
  if (!ready || !counted[call]) return 0;
  const long number = ++calls;
  if (fault_at <= 0 || (number != fault_at && !(from && number > fault_at))) return 0;
  if (kills) syscall(SYS_kill, getpid(), SIGKILL);
  errno = error_number != 0                ? error_number
          : call == MALLOC || call == MMAP ? ENOMEM
          : call == THREAD                 ? EAGAIN
                                           : ENOSPC;
  return 1;
}

__attribute__((destructor)) static void write_count(void) {
  const char* path = getenv("FAULT_COUNT");
  if (path == NULL) return;
  char text[32];
  const int length = snprintf(text, sizeof text, "%ld\n", (long)calls);
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (fd < 0) return;
  syscall(SYS_write, fd, text, (size_t)length);
  syscall(SYS_close, fd);
}

ssize_t write(int fd, const void* data, size_t count) {
  if (fd > 2 && fails(WRITE)) return -1;
  return syscall(SYS_write, fd, data, count);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (fd > 2 && fails(WRITE)) return -1;
  return syscall(SYS_writev, fd, parts, count);
}

ssize_t pwrite64(int fd, const void* data, size_t count, off64_t at) {
  return fails(WRITE) ? -1 : syscall(SYS_pwrite64, fd, data, count, at);
}

ssize_t pwrite(int fd, const void* data, size_t count, off_t at) {
  return pwrite64(fd, data, count, at);
}

ssize_t sendfile64(int to, int source, off64_t* at, size_t count) {
  return fails(WRITE) ? -1 : syscall(SYS_sendfile, to, source, at, count);
}

ssize_t sendfile(int to, int source, off_t* at, size_t count) {
  return sendfile64(to, source, at, count);
}

ssize_t copy_file_range(int source, off64_t* source_at, int to, off64_t* to_at, size_t count,
                        unsigned flags) {
  return fails(WRITE) ? -1
                      : syscall(SYS_copy_file_range, source, source_at, to, to_at, count, flags);
}

int renameat2(int from_folder, const char* source, int to_folder, const char* to, unsigned flags) {
  if (fails(RENAME)) return -1;
  return (int)syscall(SYS_renameat2, from_folder, source, to_folder, to, flags);
}

int renameat(int from_folder, const char* source, int to_folder, const char* to) {
  return renameat2(from_folder, source, to_folder, to, 0);
}

int rename(const char* source, const char* to) {
  return renameat2(AT_FDCWD, source, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char* path, int flags) {
  return fails(UNLINK) ? -1 : (int)syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) { return unlink(path) == 0 ? 0 : errno == EISDIR ? rmdir(path) : -1; }

int mkdirat(int folder, const char* path, mode_t mode) {
  return fails(MKDIR) ? -1 : (int)syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

static int open_file(int folder, const char* path, int flags, mode_t mode) {
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 && fails(OPEN)) return -1;
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE_AFTER(flags)                                                                      \
  va_list rest;                                                                                \
  va_start(rest, flags);                                                                       \
  mode_t mode = 0;                                                                             \
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) mode = va_arg(rest, mode_t); \
  va_end(rest);

int open(const char* path, int flags, ...) {
  MODE_AFTER(flags)
  return open_file(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  MODE_AFTER(flags)
  return open_file(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  MODE_AFTER(flags)
  return open_file(folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
  MODE_AFTER(flags)
  return open_file(folder, path, flags, mode);
}

int fsync(int fd) { return fails(SYNC) ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fails(SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd); }

int ftruncate64(int fd, off64_t size) {
  return fails(TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

void* mmap64(void* at, size_t size, int protection, int flags, int fd, off64_t offset) {
  if (fails(MMAP)) return MAP_FAILED;
  return (void*)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  return mmap64(at, size, protection, flags, fd, offset);
}

static int allocation_fails(size_t size) { return size >= least && fails(MALLOC); }

void* malloc(size_t size) { return allocation_fails(size) ? NULL : __libc_malloc(size); }

void* calloc(size_t count, size_t size) {
  return allocation_fails(count * size) ? NULL : __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
  return size != 0 && allocation_fails(size) ? NULL : __libc_realloc(old, size);
}

void* memalign(size_t alignment, size_t size) {
  return allocation_fails(size) ? NULL : __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void** out, size_t alignment, size_t size) {
  if (allocation_fails(size)) return ENOMEM;
  *out = __libc_memalign(alignment, size);
  return *out != NULL ? 0 : ENOMEM;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                   void* argument) {
  return fails(THREAD) ? errno : real_pthread_create(thread, attributes, body, argument);
}
