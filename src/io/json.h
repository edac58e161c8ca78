/* A strict reader of JSON (RFC 8259) for the headers of files, which nobody can be trusted to have written.
 *
 * The caller asks for one thing after the other, and an array or object is a loop:
 *
 *     for (bool more = ad_json_enter(&j, '{'); more; more = ad_json_next(&j, '}')) {
 *         const char *key = ad_json_key(&j);
 *         ...
 *     }
 *
 * After the first failure, which is in `status` and in the caller's ad_error, everything returns false, 0 or "". It
 * takes no memory and does not recurse: texts are decoded where they stand. */
#ifndef ADZE_IO_JSON_H
#define ADZE_IO_JSON_H

#include "adze/status.h"

enum { AD_JSON_DEPTH = 64 }; /* of values that are skipped */

typedef struct ad_json {
    const char *name; /* of the file, for messages */
    ad_error *error;
    ad_status status;
    uint64_t before; /* bytes of the file before the text, for messages */
    char *text;      /* is overwritten as it is read */
    size_t size, at;
} ad_json;

ad_json ad_json_of(char *text, size_t size, const char *name, uint64_t before, ad_error *error);

/* Fails, with the name and the place before the reason. Returns false. */
bool ad_json_fail(ad_json *j, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Enters an array or an object, and goes on behind a value in it. Whether there is a (next) value. */
bool ad_json_enter(ad_json *j, char opening);
bool ad_json_next(ad_json *j, char closing);

/* A text in UTF-8, checked and without NUL in it. It stays until the memory of `text` goes. */
const char *ad_json_text(ad_json *j);

/* The key of a member, and the colon. */
const char *ad_json_key(ad_json *j);

/* A whole number from 0 to INT64_MAX. */
int64_t ad_json_whole(ad_json *j);

/* Any value. It is checked, but keys may repeat in it. */
void ad_json_skip(ad_json *j);

/* Only white space may follow. */
void ad_json_end(ad_json *j);

/* The bytes of the character of UTF-8 that begins a text; 0 if it is none (of 1 to 4 bytes, not longer than needed,
 * no surrogate, up to U+10FFFF). */
size_t ad_utf8_step(const char *text, size_t size);

bool ad_is_utf8(const char *text);

#endif
