#include <lmdb.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Lets the system start to bring a file's bytes to the disk, and returns at once. */
static inline void crema_start_writing_back(int file) {
#if defined(__linux__) && defined(SYS_sync_file_range) && defined(__LP64__)
  enum { WRITE = 2 };
  syscall(SYS_sync_file_range, file, 0L, 0L, WRITE);
#else
  (void)file;
#endif
}
