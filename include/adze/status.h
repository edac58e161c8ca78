/* Status codes and messages.
 *
 * A function that can fail returns an ad_status. Work on a tape reports through the tape (tape.h).
 * All other functions fill in an ad_error if the caller passes one. The library never prints,
 * exits, aborts or raises a signal. */
#ifndef ADZE_STATUS_H
#define ADZE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define AD_API __attribute__((visibility("default")))
#define AD_UNUSED __attribute__((unused))
#define AD_MUST_USE __attribute__((warn_unused_result))
#define AD_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define AD_API
#define AD_UNUSED
#define AD_MUST_USE
#define AD_PRINTF(text, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Structs that may grow in later versions begin with `size_t size`. Set it in structs that
 * you fill in: {.size = sizeof(ad_op), ...} in C, ad_tape_options o{sizeof o} in C++. Fields
 * beyond a smaller size count as 0. A size that is 0 or absurdly large is an error. In structs
 * that you receive, size is set already. */

/* One row is one status: its name and its meaning. */
#define AD_STATUS_LIST(ROW)                                                                \
    ROW(AD_OK, "success")                                                                  \
    ROW(AD_MEMORY, "memory ran out")                                                       \
    ROW(AD_TOO_LARGE, "a size does not fit the address space")                             \
    ROW(AD_BAD_SHAPE, "shapes do not fit")                                                 \
    ROW(AD_BAD_TYPE, "number types do not fit")                                            \
    ROW(AD_DOMAIN, "a value is out of its domain")                                         \
    ROW(AD_STALE, "a value or mark outlived a reset or rewind of its tape or recorder")    \
    ROW(AD_FOREIGN, "one operation has values of different tapes or recorders")            \
    ROW(AD_BUSY, "it is in use by a function that it runs, or by another thread")          \
    ROW(AD_NO_DERIVATIVE, "an operation on the path has no such derivative")               \
    ROW(AD_MISUSE, "an argument is missing or makes no sense")                             \
    ROW(AD_FAILED, "a user's function reported failure")                                   \
    ROW(AD_FILE, "a file cannot be opened, read or written")                                        \
    ROW(AD_FORMAT, "a file is malformed")                                                  \
    ROW(AD_DIFFERENT, "a test found a difference")                                         \
    ROW(AD_NOT_FINITE, "a result or a derivative is infinite or NaN")                      \
    ROW(AD_UNREACHED, "the root does not depend on a watched leaf")                        \
    ROW(AD_CHANGED, "borrowed numbers were changed, or a function gives others")           \
    ROW(AD_CANCELLED, "the caller has cancelled it")                                       \
    ROW(AD_NETWORK, "another process does not answer, or a message to it failed")          \
    ROW(AD_BRANCH, "a comparison has another outcome than in the recording")

#define AD_STATUS_NAME(name, text) name,
typedef enum ad_status { AD_STATUS_LIST(AD_STATUS_NAME) AD_STATUS_COUNT } ad_status;
#undef AD_STATUS_NAME

/* Where a call stands, for messages: "net.c:12". */
#define AD_LINE_TEXT(line) #line
#define AD_LINE(line) AD_LINE_TEXT(line)
#define AD_SOURCE_LINE __FILE__ ":" AD_LINE(__LINE__)

/* A failure and its message: the operation, the shapes, the reason. */
typedef struct ad_error {
    ad_status status;
    char text[508]; /* "" when AD_OK */
} ad_error;

/* The meaning of a status in a few words; never NULL. */
AD_API const char *ad_status_text(ad_status status);

/* Keeps the first failure: writes status and text into *error, unless error is NULL or already
 * holds a failure. A format of NULL stands for the meaning of the status. Returns status, so that
 * it can end a function. */
AD_API ad_status ad_fail(ad_error *error, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
