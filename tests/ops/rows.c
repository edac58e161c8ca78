/* The families of rows, and walks over them. */
#include "rows.h"

#include "adze/op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const op_row elementwise_rows[], reduce_rows[], shape_rows[], index_rows[], product_rows[],
    linalg_rows[], spatial_rows[], loss_rows[], neural_rows[], random_rows[], cotangents_rows[];

/* As in src/ops. The build tries each in a program by itself. */
static const struct {
    const char *name;
    const op_row *rows;
} families[] = {{"elementwise", elementwise_rows},
                {"reduce", reduce_rows},
                {"shape", shape_rows},
                {"index", index_rows},
                {"product", product_rows},
                {"linalg", linalg_rows},
                {"spatial", spatial_rows},
                {"loss", loss_rows},
                {"neural", neural_rows},
                {"random", random_rows},
                {"cotangents", cotangents_rows}};

enum { FAMILIES = sizeof families / sizeof *families };

void expect_rows(bool well, const char *what, const char *of)
{
    if (well)
        return;
    fprintf(stderr, "tests/ops: %s: %s\n", what, of);
    exit(EXIT_FAILURE);
}

bool begins_op(const op_row *r)
{
    return r->kind <= ROW_ALONG && !r->cases_only;
}

row_fields fields_of(const op_row *r)
{
    return r->fields ? r->fields(0, 0, 0) : (row_fields){0};
}

void visit_rows(const char *family, row_visitor *visit, void *user)
{
    for (int i = 0; i < FAMILIES; i++) {
        const char *op = NULL;
        if (family && strcmp(family, families[i].name) != 0)
            continue;
        for (const op_row *r = families[i].rows; r->kind != ROW_END; r++) {
            row_fields f = fields_of(r);
            if (begins_op(r))
                op = f.covers ? f.covers : r->name;
            expect_rows(op && ad_builtin_op_named(op), "rows of no op", op ? op : r->name);
            visit(user, r, op);
        }
    }
}

typedef struct search {
    const char *op;
    row_fields *fields;
    bool found;
} search;

static void look(void *user, const op_row *r, const char *op)
{
    search *s = user;
    (void)op;
    if (!begins_op(r) || strcmp(r->name, s->op) != 0)
        return;
    *s->fields = fields_of(r);
    s->found = true;
}

bool find_op(const char *op, row_fields *fields)
{
    search s = {op, fields, false};
    visit_rows(NULL, look, &s);
    return s.found;
}
