/* The numbers of a view as a file has them: row by row, in a stored type, little-endian; in pieces of bytes.
 *
 *     ad_serial_begin(&s, &v, stored);
 *     while (ad_serial_next(&s))
 *         use(s.bytes, s.size);
 */
#ifndef ADZE_IO_SERIAL_H
#define ADZE_IO_SERIAL_H

#include "adze/io/named.h"

#include "array/strided.h"
#include "io/stored.h"

enum { AD_SERIAL_NUMBERS = 1024 }; /* in a piece, unless it is all of them */

typedef struct ad_serial {
    const void *bytes; /* the piece */
    size_t size;
    const ad_view *v;
    ad_stored stored;
    ad_nest nest;
    bool more;  /* whether the nest is at a row */
    int64_t at; /* numbers of that row which were given */
    uint64_t packed[AD_SERIAL_NUMBERS], coded[AD_SERIAL_NUMBERS];
} ad_serial;

/* What is wrong with a view that is to be written: AD_OK, or a status and the reason in text. */
ad_status ad_serial_flaw(const ad_view *v, ad_precision precision, char *text, size_t size);

/* As what a type is stored, and a good view in how many bytes. */
ad_stored ad_serial_stored(ad_type type, ad_precision precision);
size_t ad_serial_bytes(const ad_view *v, ad_stored stored);

/* The view must be good, and stay. */
void ad_serial_begin(ad_serial *s, const ad_view *v, ad_stored stored);

/* Goes to the next piece. False if there is none. */
bool ad_serial_next(ad_serial *s);

#endif
