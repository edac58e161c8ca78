/* A call of an op on its way to the tape: its operands, and the results that it will have. */
#ifndef ADZE_TAPE_RECORD_H
#define ADZE_TAPE_RECORD_H

#include "tape/node.h"

/* Views and shapes are large, and most values have few axes: only what is read is written here. */
typedef struct ad_recording {
    ad_tape *tape;
    const ad_op *op;
    unsigned inherited; /* flags that some operand has */
    unsigned common;    /* flags that every operand has */
    uint32_t *operand;  /* [arity] nodes */
    ad_view *x;         /* [arity] */
    ad_shape *shape;    /* [arity] */
    ad_type *type;      /* [arity] */
    ad_array *y;        /* [results]; one result is args.y itself */
    size_t *count;      /* [results], elements */
    size_t one_count;
    ad_forward_args args; /* for the kernel */
} ad_recording;

/* Adds an operand's node. */
static inline void ad_recording_see(ad_recording *r, int i, uint32_t index, const ad_node *n)
{
    r->operand[i] = index;
    r->inherited |= n->flags;
    r->common &= n->flags;
    r->type[i] = (ad_type)n->type;
    ad_node_measure(n, &r->shape[i]);
    ad_node_look(n, &r->x[i]);
}

/* Always false, with an error on the tape: "matmul([64, 784], [50, 10]): reason". */
bool ad_recording_refuse(const ad_recording *r, ad_status status, const char *reason);

static inline bool ad_is_float(unsigned type)
{
    return type == AD_F32 || type == AD_F64;
}

/* Computes the results, whose types, shapes and counts are known, and puts them on the tape. Returns the
 * first, or a dead tensor: then nothing is on the tape. */
ad_tensor ad_record(ad_recording *r);

#endif
