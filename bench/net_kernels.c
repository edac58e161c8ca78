/* Networks by the product kernels of adze, called directly: the rest of adze's time is the
 * cost of the tape.
 *
 * A step takes two rounds of the threads. In the first, each takes its rows through the network
 * and back to dz of each layer, block after block, so the next operation finds a product in the
 * cache. In the second, each computes its rows of all dw, and steps them. */
#include "net_bare.h"

enum { BLOCK_BYTES = 1 << 17, FEWEST_IN_BLOCK = 256, ALIGNED = 16 };

/* ---- products ----------------------------------------------------------------------- */

static ad_matrix matrix(bare_matrix a)
{
    return (ad_matrix){a.data, a.rows, a.columns, a.row_step, a.column_step};
}

static ad_product_plan plan(bare_matrix x, bare_matrix y)
{
    return ad_plan_product(ad_cpu_isa(), AD_F32, matrix(x), matrix(y));
}

/* c = a b on this thread; this may be a part of what was planned. */
static void multiply(const net_bare *b, int part, ad_product_plan how, bare_matrix x, bare_matrix y,
                     float *c)
{
    ad_gemm_task p = {.a = matrix(x),
                      .b = matrix(y),
                      .c = c,
                      .c_step = y.columns,
                      .depth = how.depth,
                      .room = b->room + (size_t)part * b->room_bytes};
    how.kernel(&p);
}

/* The factors of layer i's dw, for the whole batch. */
static bare_matrix turned_input(const net_bare *b, int i)
{
    return bare_transposed(
        bare_rows(net_layer_input(b, i, 0), b->spec.batch, net_inputs(&b->spec, i)));
}

static bare_matrix cotangent(const net_bare *b, int i)
{
    return bare_rows(b->cotangent[i], b->spec.batch, net_outputs(&b->spec, i));
}

/* ---- rows --------------------------------------------------------------------------- */

static void add_bias(const float *restrict b, float *restrict z, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < rows; i++, z += columns)
        for (int64_t j = 0; j < columns; j++)
            z[j] += b[j];
}

static void add_bias_relu(const float *restrict b, float *restrict z, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < rows; i++, z += columns)
        for (int64_t j = 0; j < columns; j++) {
            float value = z[j] + b[j];
            z[j] = value > 0 ? value : 0;
        }
}

static void forward(net_bare *b, int part, int64_t begin, int64_t end)
{
    for (int i = 0; i < b->spec.layers; i++) {
        int64_t inputs = net_inputs(&b->spec, i), outputs = net_outputs(&b->spec, i);
        float *z = b->output[i] + begin * outputs;
        bare_matrix x = bare_rows(net_layer_input(b, i, begin), end - begin, inputs);
        bare_matrix w = bare_rows(net_bare_weights(b, i), inputs, outputs);
        multiply(b, part, plan(x, w), x, w, z);
        if (i + 1 < b->spec.layers)
            add_bias_relu(net_bare_biases(b, i), z, end - begin, outputs);
        else
            add_bias(net_bare_biases(b, i), z, end - begin, outputs);
    }
}

static void sum_rows(const float *restrict dz, float *restrict db, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < rows; i++, dz += columns)
        for (int64_t j = 0; j < columns; j++)
            db[j] += dz[j];
}

/* dz = dy where y > 0, and its sum over the rows. */
static void pull_relu(const float *restrict y, float *restrict dy, float *restrict db, int64_t rows,
                      int64_t columns)
{
    for (int64_t i = 0; i < rows; i++, y += columns, dy += columns)
        for (int64_t j = 0; j < columns; j++) {
            float dz = y[j] > 0 ? dy[j] : 0;
            dy[j] = dz;
            db[j] += dz;
        }
}

static float *bias_gradient(const net_bare *b, int part, int i)
{
    return net_part_gradient(b, part, i) + net_inputs(&b->spec, i) * net_outputs(&b->spec, i);
}

/* To each layer's dz, and its part of each db. */
static void backward(net_bare *b, int part, int64_t begin, int64_t end)
{
    int last = b->spec.layers - 1;
    int64_t rows = end - begin, outputs = b->spec.outputs;
    net_loss_cotangent(b, begin, end);
    sum_rows(b->cotangent[last] + begin * outputs, bias_gradient(b, part, last), rows, outputs);
    for (int i = last; i > 0; i--) {
        int64_t inputs = net_inputs(&b->spec, i);
        outputs = net_outputs(&b->spec, i);
        float *dx = b->cotangent[i - 1] + begin * inputs;
        bare_matrix dz = bare_rows(b->cotangent[i] + begin * outputs, rows, outputs);
        bare_matrix w = bare_transposed(bare_rows(net_bare_weights(b, i), inputs, outputs));
        multiply(b, part, plan(dz, w), dz, w, dx);
        pull_relu(net_layer_input(b, i, begin), dx, bias_gradient(b, part, i - 1), rows, inputs);
    }
}

static int64_t rows_in_block(const net_spec *s)
{
    int64_t rows = BLOCK_BYTES / (int64_t)sizeof(float) / s->width / ALIGNED * ALIGNED;
    return rows < FEWEST_IN_BLOCK ? FEWEST_IN_BLOCK : rows;
}

static void run_rows(void *user, int part, int parts)
{
    net_bare *b = user;
    int64_t begin, end, block = rows_in_block(&b->spec);
    bare_share(b->spec.batch, part, parts, &begin, &end);
    for (int i = 0; i < b->spec.layers && b->spec.work != NET_FORWARD; i++) {
        float *db = bias_gradient(b, part, i);
        for (int64_t j = 0; j < net_outputs(&b->spec, i); j++)
            db[j] = 0;
    }
    for (; begin < end; begin += block) {
        int64_t until = end - begin < block ? end : begin + block;
        forward(b, part, begin, until);
        if (b->spec.work != NET_FORWARD)
            backward(b, part, begin, until);
    }
}

/* ---- weights ------------------------------------------------------------------------ */

static void step(float *restrict p, const float *restrict g, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        p[i] -= (float)NET_RATE * g[i];
}

/* Adds up the parts of db. */
static void finish_biases(net_bare *b, int i)
{
    int64_t outputs = net_outputs(&b->spec, i);
    float *db = bias_gradient(b, 0, i);
    for (int part = 1; part < b->parts; part++)
        for (int64_t j = 0; j < outputs; j++)
            db[j] += bias_gradient(b, part, i)[j];
    if (b->spec.work == NET_STEP)
        step(net_bare_biases(b, i), db, outputs);
}

static void run_weights(void *user, int part, int parts)
{
    net_bare *b = user;
    for (int i = 0; i < b->spec.layers; i++) {
        int64_t inputs = net_inputs(&b->spec, i), outputs = net_outputs(&b->spec, i), begin, end;
        bare_share((inputs + ALIGNED - 1) / ALIGNED, part, parts, &begin, &end);
        begin *= ALIGNED;
        end = end * ALIGNED < inputs ? end * ALIGNED : inputs;
        if (part == 0)
            finish_biases(b, i);
        if (begin >= end)
            continue;
        bare_matrix some = turned_input(b, i), dz = cotangent(b, i);
        ad_product_plan how = plan(some, dz);
        some.data = net_layer_input(b, i, 0) + begin;
        some.rows = end - begin;
        float *dw = net_part_gradient(b, 0, i) + begin * outputs;
        multiply(b, part, how, some, dz, dw);
        if (b->spec.work == NET_STEP)
            step(net_bare_weights(b, i) + begin * outputs, dw, (end - begin) * outputs);
    }
}

void net_by_kernels(net_bare *b)
{
    bare_run(b->pool, b->parts, run_rows, b);
    if (b->spec.work != NET_FORWARD)
        bare_run(b->pool, b->parts, run_weights, b);
}

/* Room for the products of rows, or the largest dw. */
void net_prepare_kernels(net_bare *b)
{
    b->room_bytes = AD_PRODUCT_ROOM;
    for (int i = 0; i < b->spec.layers; i++) {
        ad_product_plan how = plan(turned_input(b, i), cotangent(b, i));
        size_t bytes =
            ad_product_room(&how, AD_F32, net_inputs(&b->spec, i), net_outputs(&b->spec, i));
        b->room_bytes = bytes > b->room_bytes ? bytes : b->room_bytes;
    }
    b->room = take((size_t)b->parts, b->room_bytes);
}
