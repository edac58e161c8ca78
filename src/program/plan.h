/* What a program looks like as a text with loops: statements, where each takes its operands from, and which
 * results are kept in memory.
 *
 * A statement stands for all nodes that it makes in the iterations of the loops around it. A result that only the
 * same iteration reads, or the next one, or what comes after the loop, is in a variable. The others are stored:
 * they are numbered in the order of execution, so that their addresses are affine in the counters as the nodes'
 * indices are. Where one is not, because loops are of different lengths, the reader's loop is cut in two; or a
 * table has the addresses. */
#ifndef ADZE_PROGRAM_PLAN_H
#define ADZE_PROGRAM_PLAN_H

#include "program/roll.h"

enum { AD_PLAN_DEEPEST = 32 }; /* loops: each iterates at least twice */
#define AD_PLAN_NONE UINT32_MAX

typedef struct ad_plan_loop {
    uint32_t parent; /* or AD_PLAN_NONE */
    uint32_t depth;  /* from 1 on */
    uint32_t first;  /* node, in the first iteration of the loops around it */
    uint32_t times, period;
    uint32_t part, open, close; /* events */
    uint32_t stored;            /* numbers that an iteration stores */
    uint32_t cut;               /* the iteration that shall begin another loop, or 0 */
} ad_plan_loop;

typedef enum ad_plan_kind { AD_PLAN_OPEN, AD_PLAN_CLOSE, AD_PLAN_STATEMENT } ad_plan_kind;

/* The text: beginnings and ends of loops, and statements. */
typedef struct ad_plan_event {
    ad_plan_kind kind;
    uint32_t at; /* which of the loops or statements */
} ad_plan_event;

typedef struct ad_plan_statement {
    uint32_t node; /* in the first iteration of the loops around it */
    uint32_t loop; /* the innermost, or AD_PLAN_NONE */
    uint32_t part; /* of the text */
    uint32_t read; /* the first operand in the list of reads */
    uint32_t
        level; /* of the block that its variable is declared in: fewer loops than are around it, if
                         it is read after them */
    uint32_t
        carried; /* the first variable that takes its result to the next iteration, or AD_PLAN_NONE */
    bool stored;
    uint32_t address; /* in the first iteration */
} ad_plan_statement;

typedef enum ad_plan_source {
    AD_PLAN_CONSTANT, /* the same in all iterations */
    AD_PLAN_CONSTANTS,
    AD_PLAN_INPUT,
    AD_PLAN_VARIABLE, /* of a statement */
    AD_PLAN_CARRIED,  /* the result of an iteration before */
    AD_PLAN_MEMORY,   /* an address that is affine */
    AD_PLAN_TABLE     /* of addresses, by some of the counters, and affine in the others */
} ad_plan_source;

typedef struct ad_plan_read {
    uint32_t value; /* in the first iteration */
    uint32_t loop;  /* the innermost around it, or AD_PLAN_NONE */
    uint32_t part;
    uint32_t
        stride; /* place in a list: of the value, then of the address, for each loop from the outside */
    ad_plan_source source;
    uint32_t from; /* which statement or carried variable; an address in the first iteration */
    uint32_t
        levels; /* of a table, or of constants: whose counters it depends on, bit k for loop k from the outside */
    uint32_t table; /* the first read with the same one */
} ad_plan_read;

/* A variable that holds the result of the iteration before, and at first what is read as its start. */
typedef struct ad_plan_carried {
    uint32_t statement, loop, start, next;
} ad_plan_carried;

/* Results from[0], from[step], ... that are outputs one after the other. */
typedef struct ad_plan_outputs {
    uint32_t first, count, read;
} ad_plan_outputs;

typedef struct ad_plan_list {
    void *at;
    uint32_t count, room;
} ad_plan_list;

typedef struct ad_plan {
    const ad_program *program;
    uint32_t statements_a_part, parts;
    ad_plan_list loops, events, statements, reads, strides, carried, outputs;
    uint32_t *statement_of; /* [nodes] */
    uint32_t stored;        /* numbers of the workspace */
    bool failed;            /* memory ran out */
} ad_plan;

/* least: as for ad_rolled_make. A part has at most so many statements, or one item. False if memory ran out. */
bool ad_plan_make(ad_plan *plan, const ad_program *p, uint32_t least, uint32_t statements_a_part);
void ad_plan_free(ad_plan *plan);
void ad_plan_give_lists(ad_plan *plan);

static inline ad_plan_loop *ad_plan_loop_at(const ad_plan *plan, uint32_t i)
{
    return (ad_plan_loop *)plan->loops.at + i;
}

static inline ad_plan_event *ad_plan_event_at(const ad_plan *plan, uint32_t i)
{
    return (ad_plan_event *)plan->events.at + i;
}

static inline ad_plan_statement *ad_plan_statement_at(const ad_plan *plan, uint32_t i)
{
    return (ad_plan_statement *)plan->statements.at + i;
}

static inline ad_plan_read *ad_plan_read_at(const ad_plan *plan, uint32_t i)
{
    return (ad_plan_read *)plan->reads.at + i;
}

static inline ad_plan_carried *ad_plan_carried_at(const ad_plan *plan, uint32_t i)
{
    return (ad_plan_carried *)plan->carried.at + i;
}

static inline ad_plan_outputs *ad_plan_outputs_at(const ad_plan *plan, uint32_t i)
{
    return (ad_plan_outputs *)plan->outputs.at + i;
}

static inline int32_t *ad_plan_strides_at(const ad_plan *plan, uint32_t i)
{
    return (int32_t *)plan->strides.at + i;
}

static inline uint32_t ad_plan_depth(const ad_plan *plan, uint32_t loop)
{
    return loop == AD_PLAN_NONE ? 0 : ad_plan_loop_at(plan, loop)->depth;
}

/* The loops around one, itself among them, from the outside: as many as its depth, which is returned. */
uint32_t ad_plan_chain(const ad_plan *plan, uint32_t loop, uint32_t *chain);

/* The address of a node, which is stored. */
uint32_t ad_plan_address(const ad_plan *plan, uint32_t node);

/* The value that is read in an iteration: counters from the outside. */
uint32_t ad_plan_value(const ad_plan *plan, const ad_plan_read *read, const uint32_t *counter);

/* How many entries the read's table has: its iterations in the loops of `levels`, fewer than the program has
 * nodes. */
uint32_t ad_plan_table_size(const ad_plan *plan, const ad_plan_read *read);

/* One more element of a list, or NULL; then plan->failed is set. */
void *ad_plan_append(ad_plan *plan, ad_plan_list *list, size_t size);

/* The steps of planning: where reads come from (sources.c); addresses (addresses.c), which returns whether loops were
 * marked to be cut. */
void ad_plan_find_sources(ad_plan *plan);
bool ad_plan_find_addresses(ad_plan *plan, bool may_cut);

#endif
