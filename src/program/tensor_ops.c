/* Operations of tensors as operations on their elements. */
#include "program/named.h"
#include "program/tensors.h"

#include "ops/product/layer.h"
#include "ops/reduce/reduce.h"

#include <math.h>
#include <string.h>

/* ---- elements ----------------------------------------------------------------------- */

uint32_t ad_node_element(ad_tensor_reading *d, uint32_t at, size_t i)
{
    ad_view v;
    if (d->element[at])
        return d->element[at][i];
    ad_node_look(d->tape->nodes[at], &v);
    return ad_build_constant(&d->build, ad_view_get(&v, i));
}

size_t ad_broadcast_place(const ad_shape *shape, size_t i, const ad_shape *other)
{
    size_t place = 0, step = 1;
    for (int k = shape->rank - 1, m = other->rank - 1; m >= 0; k--, m--) {
        size_t dim = (size_t)shape->dim[k], at = i % dim;
        i /= dim;
        place += other->dim[m] == 1 ? 0 : at * step;
        step *= (size_t)other->dim[m];
    }
    return place;
}

static bool is_named(const ad_node *n, const char *name)
{
    return strcmp(n->op->name, name) == 0;
}

static bool is_one_of(const ad_node *n, const char *const *names)
{
    while (*names && !is_named(n, *names))
        names++;
    return *names;
}

/* ---- elementwise -------------------------------------------------------------------- */

static bool read_elementwise(ad_tensor_reading *d, const ad_node *n, uint32_t *y)
{
    const ad_shape shape = ad_node_shape(n);
    const bool power = is_named(n, "powi"), cast = is_named(n, "cast") && n->type <= AD_F64;
    uint32_t code = cast ? (uint32_t)AD_CODE_UNKNOWN : ad_code_named(n->op->name);
    if (!cast && (code == AD_CODE_UNKNOWN || ad_code_arity(code) != n->arity + power))
        return false;
    for (size_t i = 0; i < n->count; i++) {
        uint32_t x[3] = {AD_NO_VALUE, AD_NO_VALUE, AD_NO_VALUE};
        for (uint32_t k = 0; k < n->arity; k++) {
            const ad_shape other = ad_node_shape(ad_operand_node(d, n, k));
            x[k] = ad_operand_element(d, n, k, ad_broadcast_place(&shape, i, &other));
        }
        if (power)
            x[1] = ad_build_constant(&d->build, *(const int32_t *)ad_node_attr(n));
        y[i] = cast ? x[0] : ad_build_coded(&d->build, code, x[0], x[1], x[2]);
    }
    return true;
}

/* ---- moves -------------------------------------------------------------------------- */

/* The operation itself, on numbers that say which element they are: from `first` on for the elements of operands that
 * vary. Others keep their numbers. The results are on the tape of moves. */
static ad_view move_numbers(ad_tensor_reading *d, const ad_node *n, double first)
{
    ad_tape *t = d->moves;
    ad_tape_reset(t);
    ad_tensor *x = ad_tape_memory(t, n->arity * sizeof *x);
    for (uint32_t k = 0; x && k < n->arity; k++) {
        const ad_node *operand = ad_operand_node(d, n, k);
        const bool varies = d->element[ad_node_operands(n)[k]];
        double *number = varies ? ad_tape_memory(t, operand->count * sizeof *number) : NULL;
        for (size_t i = 0; number && i < operand->count; i++)
            number[i] = first++;
        ad_view v;
        ad_node_look(operand, &v);
        x[k] = ad_freeze(t, number ? ad_view_of(AD_F64, number, ad_node_shape(operand)) : v);
    }
    return x ? ad_read(ad_apply_n(n->op, (int)n->arity, x, ad_node_attr(n))) : (ad_view){0};
}

/* The element that a number from 1 on stands for. */
static uint32_t element_of_number(ad_tensor_reading *d, const ad_node *n, double number)
{
    size_t left = (size_t)number - 1;
    for (uint32_t k = 0; k < n->arity; k++) {
        const uint32_t at = ad_node_operands(n)[k];
        const size_t count = d->element[at] ? d->tape->nodes[at]->count : 0;
        if (left < count)
            return d->element[at][left];
        left -= count;
    }
    return AD_NO_VALUE;
}

/* What does not change with the numbers is a constant of the operation, such as what pads. Constants among the
 * operands stay as well, since their numbers do. */
static bool read_move(ad_tensor_reading *d, const ad_node *n, uint32_t *y)
{
    static const char *const moves[] = {"reshape",
                                        "squeeze",
                                        "expand",
                                        "permute",
                                        "transpose",
                                        "broadcast_to",
                                        "slice",
                                        "flip",
                                        "diagonal",
                                        "diag",
                                        "tril",
                                        "triu",
                                        "band_part",
                                        "concat",
                                        "stack",
                                        "roll",
                                        "tile",
                                        "repeat",
                                        "pad",
                                        "pad_reflect",
                                        "pad_symmetric",
                                        "pad_edge",
                                        "gather",
                                        "index_select",
                                        "contiguous",
                                        "embedding",
                                        "scatter_set",
                                        "take_along_axis",
                                        NULL};
    const double far = 0x1p40;
    if (!is_one_of(n, moves))
        return false;
    ad_view first = move_numbers(d, n, 1);
    for (size_t i = 0; first.data && i < n->count; i++)
        y[i] = ad_build_constant(&d->build, ad_view_get(&first, i));
    ad_view second = move_numbers(d, n, 1 + far);
    for (size_t i = 0; second.data && i < n->count; i++) {
        double number = ad_view_get(&second, i) - far;
        if (d->build.status == AD_OK && number == ad_constant_of(&d->build, y[i]))
            y[i] = element_of_number(d, n, number);
    }
    if (!second.data)
        ad_build_fail(&d->build, ad_tape_status(d->moves), "program: %s", ad_tape_error(d->moves));
    return true;
}

/* ---- reductions --------------------------------------------------------------------- */

/* y[r] becomes y[r] op x for each element x of the operand that belongs to result r; x may be changed on the way. */
typedef uint32_t change(ad_tensor_reading *d, uint32_t x, uint32_t of_row);

static void fold(ad_tensor_reading *d, const ad_node *n, const ad_shape *kept, uint32_t op,
                 change *f, const uint32_t *of_row, size_t rows, uint32_t *y)
{
    const ad_node *x = ad_operand_node(d, n, 0);
    const ad_shape shape = ad_node_shape(x);
    for (size_t r = 0; r < rows; r++)
        y[r] = AD_NO_VALUE;
    for (size_t i = 0; i < x->count; i++) {
        const size_t r = ad_broadcast_place(&shape, i, kept);
        uint32_t term = ad_operand_element(d, n, 0, i);
        term = f ? f(d, term, of_row[r]) : term;
        y[r] = y[r] == AD_NO_VALUE ? term : ad_build_two(&d->build, op, y[r], term);
    }
}

static uint32_t exp_of_difference(ad_tensor_reading *d, uint32_t x, uint32_t shift)
{
    return ad_build_one(&d->build, AD_PROGRAM_exp,
                        ad_build_two(&d->build, AD_PROGRAM_sub, x, shift));
}

/* Of each row: the shift, which is its greatest element, and the sum of exp(x - shift). */
static bool sum_exponentials(ad_tensor_reading *d, const ad_node *n, const ad_shape *kept,
                             size_t rows, uint32_t **shift, uint32_t **sum)
{
    *shift = ad_tape_memory(d->moves, 2 * rows * sizeof **shift);
    if (!*shift) {
        ad_build_fail(&d->build, AD_MEMORY, "program: memory ran out");
        return false;
    }
    *sum = *shift + rows;
    fold(d, n, kept, AD_PROGRAM_maximum, NULL, NULL, rows, *shift);
    for (size_t r = 0; r < rows; r++)
        (*shift)[r] = ad_build_one(&d->build, AD_PROGRAM_finite_shift, (*shift)[r]);
    fold(d, n, kept, AD_PROGRAM_add, exp_of_difference, *shift, rows, *sum);
    return true;
}

static void read_logsumexp(ad_tensor_reading *d, const ad_node *n, const ad_reduced *r, uint32_t *y)
{
    uint32_t *shift, *sum;
    if (!sum_exponentials(d, n, &r->kept, r->count, &shift, &sum))
        return;
    for (size_t i = 0; i < r->count; i++)
        y[i] = ad_build_two(&d->build, AD_PROGRAM_add, shift[i],
                            ad_build_one(&d->build, AD_PROGRAM_log, sum[i]));
}

static void read_mean(ad_tensor_reading *d, const ad_reduced *r, uint32_t *y)
{
    const uint32_t length = ad_build_constant(&d->build, r->length);
    for (size_t i = 0; i < r->count; i++)
        y[i] = ad_build_two(&d->build, AD_PROGRAM_div, y[i], length);
}

/* softmax and log_softmax, along one axis. */
static void read_softmax(ad_tensor_reading *d, const ad_node *n, bool log, uint32_t *y)
{
    const ad_shape shape = ad_node_shape(n);
    const int axis = *(const int *)ad_node_attr(n);
    ad_shape kept = shape;
    ad_builder *b = &d->build;
    uint32_t *shift, *sum;
    kept.dim[axis] = 1;
    const size_t rows = n->count / (size_t)shape.dim[axis];
    if (!sum_exponentials(d, n, &kept, rows, &shift, &sum))
        return;
    for (size_t i = 0; i < n->count; i++) {
        const size_t r = ad_broadcast_place(&shape, i, &kept);
        const uint32_t x = ad_operand_element(d, n, 0, i);
        y[i] = log ? ad_build_two(b, AD_PROGRAM_sub, ad_build_two(b, AD_PROGRAM_sub, x, shift[r]),
                                  ad_build_one(b, AD_PROGRAM_log, sum[r]))
                   : ad_build_two(b, AD_PROGRAM_div, exp_of_difference(d, x, shift[r]), sum[r]);
    }
}

static bool read_folded(ad_tensor_reading *d, const ad_node *n, uint32_t *y)
{
    static const struct {
        const char *name;
        uint32_t op;
        double of_none;
    } folds[] = {{"sum", AD_PROGRAM_add, 0},       {"unbroadcast", AD_PROGRAM_add, 0},
                 {"mean", AD_PROGRAM_add, NAN},    {"prod", AD_PROGRAM_mul, 1},
                 {"max", AD_PROGRAM_maximum, NAN}, {"min", AD_PROGRAM_minimum, NAN}};
    const ad_shape shape = ad_node_shape(ad_operand_node(d, n, 0));
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        if (!is_named(n, folds[i].name))
            continue;
        ad_reduced r = {.kept = ad_node_shape(n), .count = n->count};
        if (!is_named(n, "unbroadcast"))
            r = ad_reduce_plan(&shape, ad_node_attr(n));
        fold(d, n, &r.kept, folds[i].op, NULL, NULL, r.count, y);
        for (size_t k = 0; k < r.count; k++)
            y[k] = y[k] == AD_NO_VALUE ? ad_build_constant(&d->build, folds[i].of_none) : y[k];
        if (is_named(n, "mean"))
            read_mean(d, &r, y);
        return true;
    }
    return false;
}

static bool read_reduction(ad_tensor_reading *d, const ad_node *n, uint32_t *y)
{
    const bool log = is_named(n, "log_softmax");
    if (n->arity != 1 || ad_operand_node(d, n, 0)->count == 0)
        return n->arity == 1 && read_folded(d, n, y);
    ad_tape_reset(d->moves);
    if (is_named(n, "logsumexp")) {
        const ad_shape shape = ad_node_shape(ad_operand_node(d, n, 0));
        const ad_reduced r = ad_reduce_plan(&shape, ad_node_attr(n));
        read_logsumexp(d, n, &r, y);
        return true;
    }
    if (log || is_named(n, "softmax")) {
        read_softmax(d, n, log, y);
        return true;
    }
    return read_folded(d, n, y);
}

/* ---- products ----------------------------------------------------------------------- */

/* Matrices at the end of operands, whose other axes broadcast. */
typedef struct factors {
    ad_shape batch, a, b; /* without the matrices */
    size_t rows, inner, columns;
} factors;

static ad_shape without_matrix(const ad_node *n)
{
    ad_shape shape = ad_node_shape(n);
    shape.rank -= 2;
    return shape;
}

static uint32_t sum_products(ad_tensor_reading *d, const ad_node *n, size_t inner, size_t a,
                             size_t b, size_t step)
{
    uint32_t sum = AD_NO_VALUE;
    for (size_t k = 0; k < inner; k++) {
        uint32_t term = ad_build_two(&d->build, AD_PROGRAM_mul, ad_operand_element(d, n, 0, a + k),
                                     ad_operand_element(d, n, 1, b + k * step));
        sum = k ? ad_build_two(&d->build, AD_PROGRAM_add, sum, term) : term;
    }
    return inner ? sum : ad_build_constant(&d->build, 0);
}

static void read_matmul(ad_tensor_reading *d, const ad_node *n, uint32_t *y)
{
    const ad_node *a = ad_operand_node(d, n, 0), *b = ad_operand_node(d, n, 1);
    const factors f = {without_matrix(n),
                       without_matrix(a),
                       without_matrix(b),
                       (size_t)n->axes[n->rank - 2].dim,
                       (size_t)a->axes[a->rank - 1].dim,
                       (size_t)n->axes[n->rank - 1].dim};
    for (size_t i = 0; i < n->count; i++) {
        const size_t matrix = i / (f.rows * f.columns), row = i / f.columns % f.rows;
        const size_t in_a = ad_broadcast_place(&f.batch, matrix, &f.a) * f.rows + row;
        const size_t in_b = ad_broadcast_place(&f.batch, matrix, &f.b) * f.inner * f.columns;
        y[i] = sum_products(d, n, f.inner, in_a * f.inner, in_b + i % f.columns, f.columns);
    }
}

static uint32_t activate(ad_tensor_reading *d, ad_activation activation, uint32_t z)
{
    static const uint32_t ops[AD_ACTIVATION_COUNT] = {[AD_RELU] = AD_PROGRAM_relu,
                                                      [AD_TANH] = AD_PROGRAM_tanh,
                                                      [AD_SIGMOID] = AD_PROGRAM_sigmoid};
    return activation == AD_IDENTITY ? z : ad_build_one(&d->build, ops[activation], z);
}

/* x w + b over the rows of x. */
static void read_dense(ad_tensor_reading *d, const ad_node *n, uint32_t *y)
{
    const ad_node *w = ad_operand_node(d, n, 1);
    const size_t inner = (size_t)w->axes[0].dim, columns = (size_t)w->axes[1].dim;
    const ad_layer_attr *attr = ad_node_attr(n);
    for (size_t i = 0; i < n->count; i++) {
        uint32_t z = sum_products(d, n, inner, i / columns * inner, i % columns, columns);
        z = ad_build_two(&d->build, AD_PROGRAM_add, z, ad_operand_element(d, n, 2, i % columns));
        y[i] = activate(d, attr->activation, z);
    }
}

static bool read_product(ad_tensor_reading *d, const ad_node *n, uint32_t *y)
{
    if (is_named(n, "matmul"))
        read_matmul(d, n, y);
    else if (is_named(n, "dense"))
        read_dense(d, n, y);
    else if (is_named(n, "dot"))
        *y = sum_products(d, n, ad_operand_node(d, n, 0)->count, 0, 0, 1);
    else
        return false;
    return true;
}

void ad_read_node(ad_tensor_reading *d, const ad_node *n, uint32_t *y)
{
    if (ad_node_results(n) == 1 && (read_elementwise(d, n, y) || read_move(d, n, y) ||
                                    read_reduction(d, n, y) || read_product(d, n, y)))
        return;
    ad_build_fail(&d->build, AD_NO_DERIVATIVE, "program: it cannot repeat %s of tensors%s%s",
                  ad_node_name(n), n->source_line ? ", at " : "",
                  n->source_line ? n->source_line : "");
}
