/* A tape that is read as a program: each element of a tensor is a value. */
#ifndef ADZE_PROGRAM_READING_TENSORS_H
#define ADZE_PROGRAM_READING_TENSORS_H

#include "program/build.h"
#include "tape/node.h"

typedef struct ad_tensor_reading {
    const ad_tape *tape; /* on which the function was evaluated */
    ad_tape *moves;      /* for operations that move elements */
    ad_builder build;
    uint32_t *
        *element; /* [nodes] the references of its elements, row by row; NULL: they are constants */
} ad_tensor_reading;

static inline const ad_node *ad_operand_node(const ad_tensor_reading *d, const ad_node *n,
                                             uint32_t k)
{
    return d->tape->nodes[ad_node_operands(n)[k]];
}

/* Element i, row by row, of operand k of a node; and of node `at`. */
uint32_t ad_node_element(ad_tensor_reading *d, uint32_t at, size_t i);

static inline uint32_t ad_operand_element(ad_tensor_reading *d, const ad_node *n, uint32_t k,
                                          size_t i)
{
    return ad_node_element(d, ad_node_operands(n)[k], i);
}

/* The place, row by row, of element i of a shape in another that broadcasts to it. */
size_t ad_broadcast_place(const ad_shape *shape, size_t i, const ad_shape *other);

/* Sets y[0], ..., the references of the elements of node n. An operation that programs do not know is a failure. */
void ad_read_node(ad_tensor_reading *d, const ad_node *n, uint32_t *y);

#endif
