/* The specification of an Einstein summation, "ij,jk->ik", read and held against the operands. */
#ifndef ADZE_OPS_PRODUCT_EINSUM_SPEC_H
#define ADZE_OPS_PRODUCT_EINSUM_SPEC_H

#include "adze/tape.h"

#include <stdint.h>

/* Axes have names: A to Z, a to z, and others for the axes of ellipses. The last such axis of each
 * operand has the same, the one before it another. */
enum { AD_LETTERS = 52, AD_AXIS_NAMES = AD_LETTERS + AD_MAX_RANK };

/* Axes by name, in order. */
typedef struct ad_names {
    int count;
    uint8_t name[AD_MAX_RANK];
} ad_names;

bool ad_names_have(const ad_names *n, int name);

/* Whether the name at this place does not stand at one before it. */
bool ad_is_first_name(const ad_names *n, int at);

typedef struct ad_einsum_spec {
    ad_tape *tape;
    const char *text;
    int64_t extent[AD_AXIS_NAMES]; /* below 0: no operand has it */
    int seen[AD_AXIS_NAMES];       /* how often it stands in operands */
    int left[AD_AXIS_NAMES]; /* how many operands have it; einsum counts those that are left */
    int open;                /* the most axes that an ellipsis stands for */
    ad_names wanted;         /* the axes of the result */
} ad_einsum_spec;

/* False, with a message that begins with the specification, as far as there is room for it. */
#define AD_EINSUM_REFUSE(e, status, reason, ...) \
    (ad_tape_fail((e)->tape, status, "einsum(%.100s): " reason, (e)->text, __VA_ARGS__), false)

/* Reads all of e->text. */
bool ad_einsum_read(ad_einsum_spec *e, int n, const ad_tensor *x);

/* The names of the axes of operand `which`, whose part begins here. Moves on to the next part. */
bool ad_einsum_operand(const ad_einsum_spec *e, const char **part, ad_tensor x, int which,
                       ad_names *n);

#endif
