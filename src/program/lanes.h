/* Code for many points at once, in lanes.
 *
 * Values of two kinds are apart: uniform ones, which depend on constants and shared inputs alone, are computed once a
 * call; the others have a slot with a number for each of `width` points. Slots are used again. An instruction does the
 * same for all points of a slot, by vectors of the machine. An operand is a slot or, where its opcode says so,
 * a uniform value.
 *
 * Guards and what they need come first. So it is known which points count before anything is added to a sum. */
#ifndef ADZE_PROGRAM_LANES_H
#define ADZE_PROGRAM_LANES_H

#include "adze/program/map.h"
#include "base/cpu.h"
#include "program/program.h"

enum {
    AD_LANE_LEAST = 8, /* points at a time; also the sums that become one at the end */
    AD_LANE_MOST = 64
};

/* ROW(opcode, what it does). l: a slot, u: a uniform value. What is done stands in words of lanes_kernel.c. */
#define AD_LANE_ROWS(ROW)                                                \
    ROW(add_ll, VECTORS(A + B))                                          \
    ROW(add_lu, VECTORS(A + UB))                                         \
    ROW(sub_ll, VECTORS(A - B))                                          \
    ROW(sub_lu, VECTORS(A - UB))                                         \
    ROW(sub_ul, VECTORS(UA - B))                                         \
    ROW(mul_ll, VECTORS(A *B))                                           \
    ROW(mul_lu, VECTORS(A *UB))                                          \
    ROW(div_ll, VECTORS(A / B))                                          \
    ROW(div_lu, VECTORS(A / UB))                                         \
    ROW(div_ul, VECTORS(UA / B))                                         \
    ROW(mul_add_lll, VECTORS(A *B + C)) /* rounded twice */              \
    ROW(mul_add_lul, VECTORS(A *UB + C))                                 \
    ROW(mul_add_llu, VECTORS(A *B + UC))                                 \
    ROW(mul_add_luu, VECTORS(A *UB + UC))                                \
    ROW(mul_sub_lll, VECTORS(A *B - C))                                  \
    ROW(mul_sub_lul, VECTORS(A *UB - C))                                 \
    ROW(mul_sub_llu, VECTORS(A *B - UC))                                 \
    ROW(mul_sub_luu, VECTORS(A *UB - UC))                                \
    ROW(sub_mul_lll, VECTORS(C - A * B))                                 \
    ROW(sub_mul_lul, VECTORS(C - A * UB))                                \
    ROW(sub_mul_llu, VECTORS(UC - A * B))                                \
    ROW(sub_mul_luu, VECTORS(UC - A * UB))                               \
    ROW(neg, VECTORS(-A))                                                \
    ROW(reciprocal, VECTORS(1 / A))                                      \
    ROW(sqrt, NUMBERS(sqrt(a[i])))                                       \
    ROW(abs, NUMBERS(fabs(a[i])))                                        \
    ROW(maximum, NUMBERS(a[i] >= b[i] || a[i] != a[i] ? a[i] : b[i]))    \
    ROW(minimum, NUMBERS(a[i] <= b[i] || a[i] != a[i] ? a[i] : b[i]))    \
    ROW(less, NUMBERS(a[i] < b[i]))                                      \
    ROW(less_equal, NUMBERS(a[i] <= b[i]))                               \
    ROW(equal, NUMBERS(a[i] == b[i]))                                    \
    ROW(not_equal, NUMBERS(a[i] != b[i]))                                \
    ROW(both, NUMBERS(a[i] != 0 && b[i] != 0))                           \
    ROW(either, NUMBERS(a[i] != 0 || b[i] != 0))                         \
    ROW(negation, NUMBERS(a[i] == 0))                                    \
    ROW(where, NUMBERS(a[i] != 0 ? b[i] : c[i]))                         \
    ROW(vanishing, NUMBERS(ad_times_f64(a[i], b[i])))                    \
    ROW(copysign, NUMBERS(copysign(a[i], b[i])))                         \
    ROW(gauss, NUMBERS(ad_gauss_f64(a[i])))                              \
    ROW(finite_shift, NUMBERS(fabs(a[i]) < (double)INFINITY ? a[i] : 0)) \
    ROW(copy, VECTORS(A))                                                \
    ROW(fill, VECTORS(EVERYWHERE(UA)))                                   \
    ROW(fma, ALONE)                                                      \
    ROW(powi, POWER)                                                     \
    ROW(polygamma, ALONE)                                                \
    ROW(by_kernel, KERNEL)                                               \
    ROW(guard, GUARD)                                                    \
    ROW(sum_l, SUM(A))                                                   \
    ROW(sum_minus_l, SUM(-A))                                            \
    ROW(sum_u, SUM(EVERYWHERE(UA)))                                      \
    ROW(sum_ll, PRODUCTS)                                                \
    ROW(sum_lu, SUM(A *UB))                                              \
    ROW(twice_ll, VECTORS(2 * (A * B)))                                  \
    ROW(twice_lu, VECTORS(2 * (A * UB)))                                 \
    ROW(chain, CHAIN)                                                    \
    ROW(dot_ll, DOT_LL) /* chains of products alone */                   \
    ROW(dot_lu, DOT_LU)

/* What follows a chain: how it begins, then what is added one after another, while the sum stays in registers. */
#define AD_LANE_TERMS(ROW)         \
    ROW(begin_l, = A)              \
    ROW(begin_u, = EVERYWHERE(UA)) \
    ROW(begin_ll, = A * B)         \
    ROW(begin_lu, = A * UB)        \
    ROW(twice, += sum[j])          \
    ROW(plus_l, += A)              \
    ROW(plus_u, += UA)             \
    ROW(plus_ll, += A * B)         \
    ROW(plus_lu, += A * UB)        \
    ROW(minus_l, -= A)             \
    ROW(minus_u, -= UA)            \
    ROW(minus_ll, -= A * B)        \
    ROW(minus_lu, -= A * UB)

#define AD_LANE_CODE(name, does) AD_LANE_##name,
typedef enum ad_lane_op {
    AD_LANE_ROWS(AD_LANE_CODE)  /* */
    AD_LANE_TERMS(AD_LANE_CODE) /* */
    AD_LANE_settle,
    AD_LANE_end
} ad_lane_op;
#undef AD_LANE_CODE

typedef struct ad_lane_instruction {
    uint16_t code;  /* ad_lane_op */
    uint16_t op;    /* the program's, where the code does not say it */
    uint32_t to;    /* a slot, or which sum */
    uint32_t of[3]; /* slots, or places of uniform values. A guard's: as in a node */
} ad_lane_instruction;

/* An input, or a wanted output that is not summed, and its slot, or the place of a uniform value. */
typedef struct ad_lane_link {
    uint32_t which, place;
    bool uniform;
} ad_lane_link;

typedef enum ad_lane_role { AD_LANE_UNWANTED, AD_LANE_EACH, AD_LANE_SUMMED } ad_lane_role;

static inline bool ad_lane_shares(const ad_map_input *in)
{
    return in->stride == 0;
}

static inline ad_lane_role ad_lane_role_of(const ad_map_output *out)
{
    return !out->at ? AD_LANE_UNWANTED : out->stride ? AD_LANE_EACH : AD_LANE_SUMMED;
}

typedef struct ad_lane_code {
    struct ad_lane_code *next; /* of those that are kept */
    const ad_program *program;
    unsigned char *shared; /* [inputs] 1 or 0 */
    unsigned char *role;   /* [outputs] ad_lane_role */
    uint32_t width;        /* points at a time, at most */
    uint32_t weight;       /* about the operations for a point */
    uint32_t slots, uniforms, sums;
    uint32_t instructions, once, lates, loads, stores, shares, delivers;
    ad_lane_instruction *instruction; /* [instructions] */
    ad_lane_instruction *first;       /* [once] of the uniform part: codes are ad_program_op_code */
    ad_lane_instruction *last;        /* [lates] of what is made of sums, likewise */
    ad_lane_link *load, *store;       /* [loads] by slots from 0 on, [stores] */
    ad_lane_link *share;              /* [shares] of shared inputs */
    ad_lane_link *deliver;            /* [delivers] of summed outputs */
    uint32_t *sum;                    /* [sums] their places among uniform values */
    const ad_kernel *kernel[AD_PROGRAM_OP_COUNT];
    size_t bytes;
} ad_lane_code;

/* Code for the program with these inputs shared and outputs summed. NULL if memory ran out. */
ad_lane_code *ad_lane_lower(const ad_program *p, const ad_map_input *x, const ad_map_output *y);
void ad_lane_free(ad_lane_code *code);

/* ---- running ------------------------------------------------------------------------ */

#define AD_NO_POINT AD_LANE_MOST

/* Some points at a time. */
typedef struct ad_lane_frame {
    const ad_lane_code *code;
    const ad_map_input *in;
    const ad_map_output *out;
    ad_isa isa;
    size_t from, count, width; /* points, and lanes for them */
    double *lanes;             /* [slots, width] */
    double *row;               /* [AD_LANE_LEAST, width] */
    const double *uniform;     /* [uniforms] */
    double *sums;              /* [sums, 8] */
    uint64_t counts;           /* a bit for each point that counts */
    bool all;                  /* all lanes do */
    bool stops;                /* at points that do not */
    bool far;                  /* outputs are more than near caches hold */
    uint32_t point, guard;     /* the first of them, or AD_NO_POINT, and its guard */
} ad_lane_frame;

/* For each instruction set: loads numbers into slots, runs the code, stores numbers. */
typedef void ad_lane_runner(ad_lane_frame *f);
#define AD_DECLARE_LANES(isa) extern ad_lane_runner ad_lanes_##isa;
AD_ISA_LIST(AD_DECLARE_LANES)
#undef AD_DECLARE_LANES

/* The points of a piece, whatever the threads. */
size_t ad_lane_piece(const ad_lane_code *code, size_t n);

/* ad_program_map with an instruction set. */
ad_status ad_lane_map(const ad_program *p, ad_isa isa, size_t n, const ad_map_input *x,
                      const ad_map_output *y, const ad_map_options *options, ad_error *error);

/* ---- what a program keeps ----------------------------------------------------------- */

ad_lane_forms *ad_lane_forms_new(const ad_allocator *allocator);
void ad_lane_forms_free(ad_lane_forms *forms, const ad_allocator *allocator);
size_t ad_lane_forms_bytes(const ad_lane_forms *forms);

/* The code for such inputs and outputs, made if there is none; NULL if memory ran out. *own: it is not kept, and
 * the caller frees it. */
const ad_lane_code *ad_lane_code_for(const ad_program *p, const ad_map_input *x,
                                     const ad_map_output *y, bool *own);

#endif
