/* Rolling: the nodes of a program recognised as loops, which are in loops.
 *
 * A loop is a stretch of nodes that is one body over and over again: the operations are the same, and the index of
 * each operand is affine, that is, it changes by the same number from one iteration to the next; 0 for what all
 * iterations read, the body's length for what this one or the last one has made. A constant may be another in each
 * iteration. In loops within loops, indices are affine in all counters together.
 *
 * So the nodes themselves are the table of loops: what an operand's index changes by is the difference of two
 * nodes. */
#ifndef ADZE_PROGRAM_ROLL_H
#define ADZE_PROGRAM_ROLL_H

#include "program/program.h"

/* In an item: it is a loop, and this is its place in the list of loops; else it is a node. */
#define AD_ROLLED_LOOP UINT32_C(0x80000000)

/* Its body is that of the first iteration; iteration i is i * period nodes further on. */
typedef struct ad_rolled_loop {
    uint32_t first;       /* node */
    uint32_t times;       /* iterations: at least 3 */
    uint32_t period;      /* nodes of an iteration, those of loops in it among them */
    uint32_t body, items; /* the items of its body are item[body], ..., item[body + items - 1] */
} ad_rolled_loop;

typedef struct ad_rolled {
    const ad_program *program;
    ad_rolled_loop *loop;
    uint32_t *item;
    uint32_t top, items; /* the program is item[top], ..., item[top + items - 1] */
    uint32_t loops, loops_room, items_room;
} ad_rolled;

/* Loops that save less than `least` nodes are left as they are. Takes memory from the program's allocator: false
 * if it ran out. */
bool ad_rolled_make(ad_rolled *roll, const ad_program *p, uint32_t least);
void ad_rolled_free(ad_rolled *roll);

static inline bool ad_rolled_is_loop(uint32_t item)
{
    return item & AD_ROLLED_LOOP;
}

static inline const ad_rolled_loop *ad_rolled_loop_of(const ad_rolled *roll, uint32_t item)
{
    return &roll->loop[item & ~AD_ROLLED_LOOP];
}

/* The first node of an item. */
static inline uint32_t ad_rolled_first(const ad_rolled *roll, uint32_t item)
{
    return ad_rolled_is_loop(item) ? ad_rolled_loop_of(roll, item)->first : item;
}

/* What operand k of a node in the first iteration of a loop of this period changes by from one iteration to the next.
 * Nothing is known of constants. */
static inline int64_t ad_rolled_stride(const ad_program *p, uint32_t node, uint32_t period,
                                       uint32_t k)
{
    return (int64_t)p->node[node + period].of[k] - p->node[node].of[k];
}

#endif
