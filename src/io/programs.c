/* Reading files of programs: all of it is checked, then the program is built anew from it. */
#include "adze/io/programs.h"

#include "base/memory.h"
#include "base/message.h"
#include "io/file.h"
#include "io/programs.h"
#include "io/source.h"
#include "program/build.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* A file in memory, and what has been found in it. */
typedef struct program_file {
    const unsigned char *bytes;
    uint64_t size;
    const char *name;
    const ad_allocator *allocator;
    ad_error *error;
    ad_program_header header;
    ad_program_places at;
    uint32_t op[AD_PROGRAM_OP_COUNT]; /* [names] codes of operations */
    uint64_t lines;                   /* where the lines of guards begin */
    unsigned char *used;              /* [inputs] */
} program_file;

static AD_PRINTF(3, 4) ad_status refuse(const program_file *f, uint64_t at, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(text, sizeof text, AD_FORMAT, format, arguments);
    va_end(arguments);
    return ad_fail(f->error, AD_FORMAT, "%s: byte %llu: %s", f->name, (unsigned long long)at, text);
}

static uint32_t word_at(const program_file *f, uint64_t at)
{
    return (uint32_t)ad_word(f->bytes + at, sizeof(uint32_t), false);
}

/* ---- the header --------------------------------------------------------------------- */

static void read_counts(const unsigned char *bytes, ad_program_header *h)
{
    uint32_t *counts[AD_PROGRAM_COUNTS] = {&h->version, &h->allow, &h->names,   &h->constants,
                                           &h->inputs,  &h->nodes, &h->outputs, &h->guards};
    bytes += AD_PROGRAM_MAGIC_BYTES;
    for (int i = 0; i < AD_PROGRAM_COUNTS; i++, bytes += sizeof(uint32_t))
        *counts[i] = (uint32_t)ad_word(bytes, sizeof(uint32_t), false);
    h->text = ad_word(bytes, sizeof h->text, false);
}

/* What would have to be as many as there are bytes. */
static ad_status check_claim(program_file *f)
{
    const ad_program_header *h = &f->header;
    const uint64_t limit = UINT64_C(1) << 62;
    f->at = ad_program_places_of(h);
    if (h->text < limit && f->at.end == f->size)
        return AD_OK;
    return ad_fail(f->error, AD_FORMAT,
                   "%s: header claims %u constants, %u inputs, %u nodes, %u outputs and %llu bytes "
                   "of text, so %llu bytes in all; the file has %llu",
                   f->name, h->constants, h->inputs, h->nodes, h->outputs,
                   (unsigned long long)h->text,
                   (unsigned long long)(h->text < limit ? f->at.end : UINT64_MAX),
                   (unsigned long long)f->size);
}

static ad_status check_header(program_file *f, const unsigned char *bytes)
{
    if (memcmp(bytes, AD_PROGRAM_MAGIC, AD_PROGRAM_MAGIC_BYTES) != 0)
        return refuse(f, 0, "this is no program of adze: it begins with %02x %02x %02x %02x",
                      bytes[0], bytes[1], bytes[2], bytes[3]);
    read_counts(bytes, &f->header);
    if (f->header.version != AD_PROGRAM_VERSION)
        return refuse(f, AD_PROGRAM_MAGIC_BYTES, "version %u of the format; only %d can be read",
                      f->header.version, AD_PROGRAM_VERSION);
    if (f->header.allow & ~(uint32_t)AD_ALLOW_KNOWN)
        return refuse(f, AD_PROGRAM_MAGIC_BYTES + 4, "options 0x%x, of which some are not known",
                      f->header.allow);
    return check_claim(f);
}

/* ---- texts -------------------------------------------------------------------------- */

/* The length of the text at a place, with the zero at its end. 0 with an error. */
static uint64_t measure_text(const program_file *f, uint64_t at, const char *what, uint32_t i)
{
    for (uint64_t end = at; end < f->at.checksum; end++) {
        const unsigned char c = f->bytes[end];
        if (!c)
            return end - at + 1;
        if (c < ' ' || c == 127) {
            refuse(f, end, "%s %u has the control character %02x", what, i, c);
            return 0;
        }
    }
    refuse(f, f->at.checksum, "the text of %s %u does not end", what, i);
    return 0;
}

static ad_status read_name(program_file *f, uint64_t at, uint32_t i)
{
    const char *name = (const char *)f->bytes + at;
    const uint32_t op = ad_program_op_named(name);
    if (op == AD_PROGRAM_OP_COUNT)
        return refuse(f, at, "the operation %.60s is not known", name);
    for (uint32_t k = 0; k < i; k++)
        if (f->op[k] == op)
            return refuse(f, at, "the operation %s is there twice", name);
    f->op[i] = op;
    return AD_OK;
}

static ad_status read_texts(program_file *f)
{
    uint64_t at = f->at.text, length;
    for (uint32_t i = 0; i < f->header.names; i++, at += length) {
        length = measure_text(f, at, "operation", i);
        if (!length || read_name(f, at, i) != AD_OK)
            return AD_FORMAT;
    }
    f->lines = at;
    for (uint32_t i = 0; i < f->header.guards; i++, at += length)
        if ((length = measure_text(f, at, "guard", i)) == 0)
            return AD_FORMAT;
    return at == f->at.checksum ? AD_OK
                                : refuse(f, at, "%llu bytes follow the last text",
                                         (unsigned long long)(f->at.checksum - at));
}

/* ---- nodes -------------------------------------------------------------------------- */

static uint64_t place_of_node(const program_file *f, uint32_t i)
{
    return f->at.nodes + (uint64_t)i * AD_PROGRAM_NODE_BYTES;
}

/* A node with operands as the file has them. Its operation must have been checked. */
static ad_program_node node_at(const program_file *f, uint32_t i)
{
    const uint64_t at = place_of_node(f, i);
    return (ad_program_node){f->op[word_at(f, at)],
                             {word_at(f, at + 4), word_at(f, at + 8), word_at(f, at + 12)}};
}

static double constant_at(const program_file *f, uint32_t i)
{
    const uint64_t bits = ad_word(f->bytes + f->at.constants + (uint64_t)i * 8, 8, false);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Why the value cannot be an operand or output where `below` values are known, or NULL. Notes its use. */
static const char *use_value(program_file *f, uint32_t value, uint32_t below)
{
    const ad_program_header *h = &f->header;
    if (value >= below)
        return "has not been computed by then";
    if (value >= h->constants + h->inputs &&
        node_at(f, value - h->constants - h->inputs).op == AD_PROGRAM_guard)
        return "is a guard, which has no value";
    if (value >= h->constants && value < h->constants + h->inputs)
        f->used[value - h->constants] = 1;
    return NULL;
}

/* Which integers an operation can take as its second operand. */
static bool integers_of(uint32_t op, double *least, double *most)
{
    enum { HIGHEST_ORDER = 1000 }; /* n! is infinite long before */
    *least = op == AD_PROGRAM_powi ? INT_MIN : 1;
    *most = op == AD_PROGRAM_powi ? INT_MAX : HIGHEST_ORDER;
    return op == AD_PROGRAM_powi || op == AD_PROGRAM_polygamma;
}

static ad_status check_integer(const program_file *f, uint32_t i, const ad_program_node *n)
{
    double least, most;
    if (!integers_of(n->op, &least, &most))
        return AD_OK;
    const bool constant = n->of[1] < f->header.constants;
    const double value = constant ? constant_at(f, n->of[1]) : (double)NAN;
    if (value >= least && value <= most && value == floor(value))
        return AD_OK;
    return refuse(f, place_of_node(f, i) + 8,
                  "node %u: operand 1 of %s is no constant integer from %.0f to %.0f", i,
                  ad_program_ops[n->op].name, least, most);
}

static ad_status check_guard(const program_file *f, uint32_t i, const ad_program_node *n,
                             uint32_t guards)
{
    if (n->of[1] > 1)
        return refuse(f, place_of_node(f, i) + 8, "node %u: the guard expects %u, not 0 or 1", i,
                      n->of[1]);
    if (n->of[2] == guards)
        return AD_OK;
    return refuse(f, place_of_node(f, i) + 12, "node %u: the guard has number %u, not %u", i,
                  n->of[2], guards);
}

static ad_status check_operands(program_file *f, uint32_t i, const ad_program_node *n)
{
    const ad_program_op *op = &ad_program_ops[n->op];
    const uint32_t below = f->header.constants + f->header.inputs + i;
    for (uint32_t k = 0; k < 3; k++) {
        const uint64_t at = place_of_node(f, i) + 4 + 4 * k;
        const char *flaw = NULL;
        if (k < op->arity)
            flaw = use_value(f, n->of[k], below);
        else if (n->op != AD_PROGRAM_guard && n->of[k] != UINT32_MAX)
            return refuse(f, at, "node %u: %s has operand %u, but takes %u", i, op->name, k,
                          op->arity);
        if (flaw)
            return refuse(f, at, "node %u: operand %u of %s, value %u, %s", i, k, op->name,
                          n->of[k], flaw);
    }
    return check_integer(f, i, n);
}

static ad_status check_nodes(program_file *f)
{
    uint32_t guards = 0;
    ad_status status = AD_OK;
    for (uint32_t i = 0; i < f->header.nodes && status == AD_OK; i++) {
        const uint64_t at = place_of_node(f, i);
        if (word_at(f, at) >= f->header.names)
            return refuse(f, at, "node %u: operation %u of %u", i, word_at(f, at), f->header.names);
        const ad_program_node n = node_at(f, i);
        status = check_operands(f, i, &n);
        if (status == AD_OK && n.op == AD_PROGRAM_guard)
            status = check_guard(f, i, &n, guards++);
    }
    if (status == AD_OK && guards != f->header.guards)
        return refuse(f, AD_PROGRAM_HEADER_BYTES - 12, "header claims %u guards, but there are %u",
                      f->header.guards, guards);
    return status;
}

/* ---- outputs, inputs, checksum ------------------------------------------------------ */

static ad_status check_outputs(program_file *f)
{
    const uint32_t values = f->header.constants + f->header.inputs + f->header.nodes;
    for (uint32_t i = 0; i < f->header.outputs; i++) {
        const uint64_t at = f->at.outputs + (uint64_t)i * 4;
        const char *flaw = use_value(f, word_at(f, at), values);
        if (flaw)
            return refuse(f, at, "output %u, value %u, %s", i, word_at(f, at), flaw);
    }
    return AD_OK;
}

static ad_status check_inputs(const program_file *f)
{
    for (uint32_t i = 0; i < f->header.inputs; i++) {
        const uint64_t at = f->at.inputs + i;
        if (f->bytes[at] != f->used[i])
            return refuse(f, at, "input %u is marked by %u, but is %s", i, f->bytes[at],
                          f->used[i] ? "used" : "not used");
    }
    return AD_OK;
}

static ad_status check_checksum(const program_file *f)
{
    const uint32_t right = (uint32_t)crc32_z(0, f->bytes, (size_t)f->at.checksum);
    const uint32_t found = word_at(f, f->at.checksum);
    return found == right ? AD_OK
                          : refuse(f, f->at.checksum,
                                   "the checksum is %08x, but that of the file %08x: it is "
                                   "damaged",
                                   found, right);
}

static ad_status check_all(program_file *f)
{
    memset(f->used, 0, f->header.inputs);
    ad_status status = read_texts(f);
    if (status == AD_OK)
        status = check_nodes(f);
    if (status == AD_OK)
        status = check_outputs(f);
    if (status == AD_OK)
        status = check_inputs(f);
    return status == AD_OK ? check_checksum(f) : status;
}

/* ---- the program -------------------------------------------------------------------- */

static void build_nodes(const program_file *f, ad_builder *b, uint32_t *place)
{
    const ad_program_header *h = &f->header;
    const char *line = (const char *)f->bytes + f->lines;
    uint32_t *to = place + h->constants + h->inputs;
    for (uint32_t i = 0; i < h->nodes; i++) {
        const ad_program_node n = node_at(f, i);
        const uint32_t arity = ad_program_ops[n.op].arity;
        const uint32_t x = place[n.of[0]];
        to[i] = AD_NO_VALUE;
        if (n.op != AD_PROGRAM_guard) {
            to[i] = ad_build(b, n.op, x, arity > 1 ? place[n.of[1]] : AD_NO_VALUE,
                             arity > 2 ? place[n.of[2]] : AD_NO_VALUE);
            continue;
        }
        ad_build_guard(b, x, n.of[1], *line ? line : NULL);
        line += strlen(line) + 1;
    }
}

static ad_program *build_all(const program_file *f, uint32_t *place)
{
    const ad_program_header *h = &f->header;
    const ad_program_options options = {
        .size = sizeof options, .allocator = f->allocator, .allow = h->allow};
    uint32_t *output = place + h->constants + h->inputs + h->nodes;
    ad_builder b;
    ad_build_begin(&b, &options, h->inputs, f->error);
    ad_build_expect(&b, h->nodes);
    for (uint32_t i = 0; i < h->constants; i++)
        place[i] = ad_build_constant(&b, constant_at(f, i));
    for (uint32_t i = 0; i < h->inputs; i++)
        place[h->constants + i] = i;
    build_nodes(f, &b, place);
    for (uint32_t i = 0; i < h->outputs; i++)
        output[i] = place[word_at(f, f->at.outputs + (uint64_t)i * 4)];
    return ad_build_end(&b, h->outputs, output);
}

/* Takes `used` and the places of values; both are given back. */
static ad_program *check_and_build(program_file *f)
{
    const ad_program_header *h = &f->header;
    const uint64_t values = (uint64_t)h->constants + h->inputs + h->nodes;
    if (values >= AD_BUILD_CONSTANT / 2) {
        ad_fail(f->error, AD_TOO_LARGE, "%s: a program has room for 2^30 values", f->name);
        return NULL;
    }
    const size_t bytes = ad_size_mul((size_t)(values + h->outputs), sizeof(uint32_t));
    uint32_t *place = NULL;
    ad_program *p = NULL;
    f->used = ad_memory_take(f->allocator, h->inputs);
    ad_status status = f->used ? check_all(f) : AD_MEMORY;
    if (status == AD_OK)
        place = ad_memory_take(f->allocator, bytes);
    if (place)
        p = build_all(f, place);
    else if (status == AD_OK || status == AD_MEMORY)
        ad_fail(f->error, AD_MEMORY, "%s: no memory for %llu values", f->name,
                (unsigned long long)values);
    ad_memory_give(f->allocator, place, bytes);
    ad_memory_give(f->allocator, f->used, h->inputs);
    return p;
}

/* ---- the two ways in ---------------------------------------------------------------- */

static ad_status open_header(const ad_file *file, program_file *f)
{
    unsigned char header[AD_PROGRAM_HEADER_BYTES];
    f->size = file->size;
    f->name = file->name;
    if (file->size < sizeof header)
        return ad_fail(f->error, AD_FORMAT, "%s: the file ends after %llu bytes, in its header",
                       f->name, (unsigned long long)f->size);
    ad_status status = ad_file_read(file, 0, header, sizeof header, f->error);
    return status == AD_OK ? check_header(f, header) : status;
}

/* All bytes are read before the first is looked at: while a file is mapped, others could cut it. */
static ad_program *load(const ad_file *file, program_file *f)
{
    ad_program *p = NULL;
    if (open_header(file, f) != AD_OK)
        return NULL;
    const size_t size = ad_size_of(f->size);
    unsigned char *bytes = ad_memory_take(f->allocator, size);
    if (!bytes) {
        ad_fail(f->error, AD_MEMORY, "%s: no memory for %llu bytes", f->name,
                (unsigned long long)f->size);
        return NULL;
    }
    f->bytes = bytes;
    if (ad_file_read(file, 0, bytes, size, f->error) == AD_OK && check_header(f, bytes) == AD_OK)
        p = check_and_build(f);
    ad_memory_give(f->allocator, bytes, size);
    return p;
}

ad_program *ad_program_load(const char *path, const ad_allocator *allocator, ad_error *error)
{
    ad_file file;
    program_file f = {.allocator = allocator, .error = error};
    if (!path) {
        ad_fail(error, AD_MISUSE, "program_load: the path is NULL");
        return NULL;
    }
    if (ad_file_open(&file, path, error) != AD_OK)
        return NULL;
    ad_program *p = load(&file, &f);
    ad_file_close(&file);
    return p;
}

ad_program *ad_program_parse(const void *bytes, size_t size, const char *name,
                             const ad_allocator *allocator, ad_error *error)
{
    ad_file file;
    program_file f = {.bytes = bytes, .allocator = allocator, .error = error};
    if (!bytes || !name) {
        ad_fail(error, AD_MISUSE, "program_parse: the %s is NULL", bytes ? "name" : "memory");
        return NULL;
    }
    ad_file_open_memory(&file, bytes, size, name);
    return open_header(&file, &f) == AD_OK ? check_and_build(&f) : NULL;
}
