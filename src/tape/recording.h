/* A call of an op on its way to the tape: its operands, and the results that it will have. */
#ifndef ADZE_TAPE_RECORDING_H
#define ADZE_TAPE_RECORDING_H

#include "tape/node.h"

/* Views and shapes are large, and most values have few axes. So only the fields that are read
 * later are written here. */
typedef struct ad_recording {
    ad_tape *tape;
    const ad_op *op;
    unsigned inherited;   /* the flags of any operand */
    unsigned common;      /* the flags that all operands have */
    uint32_t *operand;    /* [arity] nodes */
    ad_view *x;           /* [arity] */
    ad_shape *shape;      /* [arity] */
    ad_type *type;        /* [arity] */
    size_t one_count;     /* elements of the result, of which all is in args.y, if there is one */
    ad_array *y;          /* [results], if there are several */
    size_t *count;        /* [results], their elements */
    ad_forward_args args; /* for the kernel */
} ad_recording;

/* Adds an operand's node. */
static inline void ad_recording_see(ad_recording *r, int i, uint32_t index, const ad_node *n)
{
    r->operand[i] = index;
    r->inherited |= n->flags;
    r->common &= n->flags;
    r->type[i] = r->x[i].type = (ad_type)n->type;
    r->shape[i].rank = r->x[i].shape.rank = n->rank;
    r->x[i].data = n->data;
    for (int k = 0; k < n->rank; k++) {
        r->shape[i].dim[k] = r->x[i].shape.dim[k] = n->axes[k].dim;
        r->x[i].stride[k] = n->axes[k].stride;
    }
}

/* Always false, with an error on the tape: "matmul([64, 784], [50, 10]): reason". */
bool ad_recording_refuse(const ad_recording *r, ad_status status, const char *reason);

static inline bool ad_is_float(unsigned type)
{
    return type == AD_F32 || type == AD_F64;
}

/* Computes the results, whose types, shapes and counts are known, and puts them on the tape.
 * Returns the first, or a dead tensor: then nothing is on the tape. */
ad_tensor ad_recording_compute(ad_recording *r);

/* Asks the view rule of an op for a view of its operand. False if no strides can express it. */
bool ad_recording_look(const ad_recording *r, ad_view *y);

/* Puts such a view on the tape. */
ad_tensor ad_recording_keep(const ad_recording *r, const ad_view *y);

#endif
