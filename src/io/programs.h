/* Files of programs: their sections, one after the other without gaps (docs/files.md). All words are little-endian. */
#ifndef ADZE_IO_PROGRAMS_INNER_H
#define ADZE_IO_PROGRAMS_INNER_H

#include "io/words.h"

#define AD_PROGRAM_MAGIC "\211adzep\r\n" /* no text, and not to be mistaken for one */

enum {
    AD_PROGRAM_VERSION = 1,
    AD_PROGRAM_MAGIC_BYTES = sizeof AD_PROGRAM_MAGIC - 1,
    AD_PROGRAM_COUNTS = 8, /* words after the magic */
    AD_PROGRAM_HEADER_BYTES = AD_PROGRAM_MAGIC_BYTES + 4 * AD_PROGRAM_COUNTS + 8,
    AD_PROGRAM_NODE_BYTES = 16, /* operation, three operands */
    AD_PROGRAM_CHECKSUM_BYTES = 4
};

/* In the order of the file. Operations are numbered by their place in the list of names; no operand is UINT32_MAX. */
typedef struct ad_program_header {
    uint32_t version, allow, names, constants, inputs, nodes, outputs, guards;
    uint64_t
        text; /* bytes of the names, and of the lines of guards after them, each with a zero at its end */
} ad_program_header;

/* Where each section begins. */
typedef struct ad_program_places {
    uint64_t constants, nodes, outputs, inputs, text, checksum, end;
} ad_program_places;

/* text must be less than 2^62; then nothing overflows. */
static inline ad_program_places ad_program_places_of(const ad_program_header *h)
{
    ad_program_places at = {.constants = AD_PROGRAM_HEADER_BYTES};
    at.nodes = at.constants + (uint64_t)h->constants * sizeof(double);
    at.outputs = at.nodes + (uint64_t)h->nodes * AD_PROGRAM_NODE_BYTES;
    at.inputs = at.outputs + (uint64_t)h->outputs * sizeof(uint32_t);
    at.text = at.inputs + h->inputs; /* a byte each: whether it is used */
    at.checksum = at.text + h->text;
    at.end = at.checksum + AD_PROGRAM_CHECKSUM_BYTES;
    return at;
}

#endif
