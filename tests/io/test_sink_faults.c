/* Whatever befalls a process that writes a file, there is the old file or the new one, complete. Each call of the
 * system fails in turn, and at each in turn the process is killed. All of it is done in both forms: with a file that
 * has no name until it is complete, and, as if the file system could not have one, with an interim name. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "saving.h"
#include "sink_calls.h"
#include "suite.h"

#include "io/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const call_names[] = {
#define CALL(name) #name,
    CALLS(CALL)
#undef CALL
};

/* ---- saving with a fault ----------------------------------------------------------------- */

static const ad_write_options unsynced = {.size = sizeof unsynced, .unsynced = true};

static ad_status save_under(const saving *s, char letter, fault how, ad_error *error)
{
    *error = (ad_error){0};
    watch(how);
    ad_status status = save_letter(s->path, letter, NULL, error);
    stop_watching();
    ck_assert_int_eq(status, error->status);
    return status;
}

/* A folder with a file of `a`, by the bits of a row: 1: it is a link to one; 2: the file needs an interim name; 4: there is
 * none. */
enum { LINKED = 1, NAMED = 2, NEW = 4, SCENES = 8 };

static void make_old(const saving *s, int scene)
{
    char other[PATH_SIZE + 8];
    snprintf(other, sizeof other, "%s-old", s->path);
    ck_assert_int_eq(unlink(s->path) == 0 || errno == ENOENT, true);
    if (scene & NEW)
        return;
    ck_assert_int_eq(save_letter(scene & LINKED ? other : s->path, 'a', &unsynced, NULL), AD_OK);
    if (scene & LINKED)
        ck_assert_int_eq(symlink("file-old", s->path), 0);
    ck_assert_int_eq(chmod(s->path, 0640), 0);
}

static const char *expected_beside(int scene)
{
    return (scene & (LINKED | NEW)) == LINKED ? "file-old " : "";
}

static int free_descriptor(void)
{
    int file = dup(STDOUT_FILENO);
    close(file);
    return file;
}

/* ---- calls that fail --------------------------------------------------------------------- */

/* Calls that may fail while the file is written nevertheless: the owner cannot be kept, another form is taken, or it is
 * tried again. */
static const unsigned may_fail = 1u << LSTAT | 1u << ACCESS | 1u << FCHOWN | 1u << FSTAT |
                                 1u << FSTATAT | 1u << OPENAT | 1u << FLOCK;

/* A folder that does not sync is a failure, but the new file stands. */
static void judge_failure(const saving *s, int scene, ad_status status, const ad_error *error)
{
    const char *name = call_names[hit];
    char old = scene & NEW ? '\0' : 'a', now = letter_in(s->path);
    bool written = status == AD_OK || strstr(error->text, "a loss of power may undo it");
    ck_assert_msg(now == (written ? 'b' : old), "%s fails: %s, file of `%c`", name, error->text,
                  now);
    ck_assert_msg(status == AD_FILE || (status == AD_OK && (may_fail & 1u << hit)), "%s fails: %s",
                  name, error->text);
    if (status != AD_OK)
        ck_assert_msg(strstr(error->text, strerror(EIO)), "%s fails: %s", name, error->text);
    ck_assert_str_eq(names_beside(s->folder, "file"), expected_beside(scene));
}

START_TEST(every_call_may_fail)
{
    ad_error error;
    saving s = saving_begin();
    int scene = _i, at = 1, descriptor = free_descriptor();
    for (;; at++) {
        make_old(&s, scene);
        ad_status status = save_under(
            &s, 'b', (fault){.kind = ANY, .at = at, .code = EIO, .named = (scene & NAMED) != 0},
            &error);
        ck_assert_int_eq(free_descriptor(), descriptor);
        if (seen < at)
            break;
        judge_failure(&s, scene, status, &error);
    }
    ck_assert_int_gt(at, 12);
    ck_assert_int_eq(letter_in(s.path), 'b');
    saving_end(&s);
}
END_TEST

START_TEST(every_write_may_find_the_disk_full)
{
    ad_error error;
    saving s = saving_begin();
    int scene = _i, at = 1;
    for (;; at++) {
        make_old(&s, scene);
        ad_status status = save_under(&s, 'b',
                                      (fault){.kind = WRITE,
                                              .at = at,
                                              .always = true,
                                              .code = ENOSPC,
                                              .most = 5000,
                                              .named = (scene & NAMED) != 0},
                                      &error);
        if (seen < at)
            break;
        ck_assert_int_eq(status, AD_FILE);
        ck_assert_ptr_nonnull(strstr(error.text, strerror(ENOSPC)));
        ck_assert_int_eq(letter_in(s.path), scene & NEW ? '\0' : 'a');
        ck_assert_str_eq(names_beside(s.folder, "file"), expected_beside(scene));
    }
    ck_assert_int_gt(at, 8);
    saving_end(&s);
}
END_TEST

/* What is to be done where a call fails in a way of its own. */
typedef struct special {
    const char *name;
    fault how;
    ad_status status;
    const char *text; /* in the message */
} special;

static const special specials[] = {
    {"open is interrupted", {OPEN, 1, .code = EINTR}, AD_OK, ""},
    {"a nameless file is interrupted", {OPENAT, 1, .code = EINTR}, AD_OK, ""},
    {"an interim file is interrupted", {OPENAT, 1, .code = EINTR, .named = true}, AD_OK, ""},
    {"a write is interrupted", {WRITE, 2, .code = EINTR}, AD_OK, ""},
    {"fsync is interrupted", {FSYNC, 1, .code = EINTR}, AD_OK, ""},
    {"fsync of the folder is interrupted", {FSYNC, 2, .code = EINTR}, AD_OK, ""},
    {"short writes", {WRITE, .most = 777}, AD_OK, ""},
    {"a write of nothing", {WRITE, 2, .code = 0}, AD_FILE, "Input/output error"},
    {"folders cannot be synced", {FSYNC, 2, .code = EINVAL}, AD_OK, ""},
    {"permissions cannot be changed", {FCHMOD, 1, .code = EPERM}, AD_FILE, "not permitted"},
    {"no locks", {FLOCK, 1, true, .code = ENOLCK, .named = true}, AD_FILE, "No locks"},
    {"locked by another", {FLOCK, 1, true, .code = EWOULDBLOCK, .named = true}, AD_BUSY, "else"},
    {"no /proc", {ACCESS, 1, .code = ENOENT}, AD_OK, ""},
    {"interim files vanish", {FSTATAT, 1, true, .code = ENOENT, .named = true}, AD_BUSY, "else"},
    {"a link always exists", {LINKAT, 1, true, .code = EEXIST}, AD_BUSY, "else"},
    {"a link exists once", {LINKAT, 1, .code = EEXIST}, AD_OK, ""},
};
enum { SPECIALS = sizeof specials / sizeof *specials };

START_TEST(some_failures_have_a_way_out)
{
    const special *x = &specials[_i];
    ad_error error;
    saving s = saving_begin();
    make_old(&s, 0);
    ck_assert_int_eq(chmod(s.path, 0604), 0);
    mode_t before = umask(077);
    ad_status status = save_under(&s, 'b', x->how, &error);
    umask(before);
    ck_assert_msg(status == x->status && strstr(error.text, x->text), "%s: %s", x->name,
                  error.text);
    ck_assert_int_eq(letter_in(s.path), status == AD_OK ? 'b' : 'a');
    ck_assert_int_eq(save_letter(s.path, 'c', NULL, NULL), AD_OK);
    saving_end(&s);
}
END_TEST

static const char *special_name(int i)
{
    return specials[i].name;
}

/* As on file systems that have one set of permissions for all files. */
START_TEST(permissions_that_are_right_are_not_changed)
{
    ad_error error;
    saving s = saving_begin();
    make_old(&s, 0);
    ck_assert_int_eq(chmod(s.path, 0600), 0);
    fault how = {FCHMOD, 1, true, .code = EPERM, .named = _i};
    ck_assert_int_eq(save_under(&s, 'b', how, &error), AD_OK);
    ck_assert_int_eq(count[FCHMOD], 0);
    saving_end(&s);
}
END_TEST

START_TEST(an_owner_that_cannot_be_kept_is_let_go)
{
    ad_error error;
    saving s = saving_begin();
    make_old(&s, 0);
    bool may = chown(s.path, 12345, 54321) == 0;
    ck_assert_int_eq(save_under(&s, 'b', (fault){FCHOWN, 1, true, .code = EPERM}, &error), AD_OK);
    ck_assert_int_eq(count[FCHOWN], may ? 2 : 0);
    ck_assert_int_eq(letter_in(s.path), 'b');
    saving_end(&s);
}
END_TEST

/* Of a killed process, in a folder where others' files cannot be removed. */
START_TEST(what_cannot_be_removed_is_in_the_way)
{
    ad_error error;
    char interim[PATH_SIZE + 32];
    saving s = saving_begin();
    make_old(&s, 0);
    snprintf(interim, sizeof interim, "%s/.file.adze-new", s.folder);
    ck_assert_int_eq(save_letter(interim, 'x', &unsynced, NULL), AD_OK);
    ck_assert_int_eq(
        save_under(&s, 'b', (fault){UNLINKAT, 1, true, .code = EPERM, .named = _i}, &error),
        AD_FILE);
    ck_assert_ptr_nonnull(strstr(error.text, "in the way: Operation not permitted"));
    ck_assert_int_eq(letter_in(s.path), 'a');
    ck_assert_int_eq(letter_in(interim), 'x');
    saving_end(&s);
}
END_TEST

START_TEST(an_unsynced_file_does_not_wait_for_the_disk)
{
    saving s = saving_begin();
    watch((fault){.kind = ANY});
    ck_assert_int_eq(save_letter(s.path, 'b', _i ? &unsynced : NULL, NULL), AD_OK);
    stop_watching();
    ck_assert_int_eq(count[FSYNC], _i ? 0 : 2);
    saving_end(&s);
}
END_TEST

/* More was reserved than is written. That the disk cannot reserve, or be told to begin, does no harm. */
START_TEST(a_large_file_takes_no_more_than_it_needs)
{
    enum { LARGE = 10 << 20 };
    static const call kinds[] = {ANY, FALLOCATE, SYNC_RANGE, FTRUNCATE};
    static unsigned char bytes[LARGE];
    struct stat about;
    saving s = saving_begin();
    ad_sink sink;
    ad_error error = {0};
    watch((fault){.kind = kinds[_i], .at = _i ? 1 : 0, .always = true, .code = EOPNOTSUPP});
    ck_assert_int_eq(ad_sink_open(&sink, "save", s.path, LARGE + LARGE, NULL, &error), AD_OK);
    ad_status status = ad_sink_close(&sink, ad_sink_write(&sink, bytes, LARGE));
    stop_watching();
    ck_assert_int_eq(status, kinds[_i] == FTRUNCATE ? AD_FILE : AD_OK);
    ck_assert(count[FALLOCATE] == 1 && count[SYNC_RANGE] == 2 && count[FTRUNCATE] == 1);
    if (status == AD_OK) {
        ck_assert_int_eq(stat(s.path, &about), 0);
        ck_assert_int_eq(about.st_size, LARGE);
        ck_assert_int_le(about.st_blocks * 512, LARGE + (1 << 20));
    }
    saving_end(&s);
}
END_TEST

/* Names that are alike but for their end: while one is written, the other is nobody's. */
START_TEST(long_names_have_interim_names_of_their_own)
{
    char paths[2][PATH_SIZE + 300];
    saving s = saving_begin();
    ad_sink sink;
    for (int k = 0; k < 2; k++)
        snprintf(paths[k], sizeof paths[k], "%s/%0250d", s.folder, k);
    watch((fault){.named = true});
    ck_assert_int_eq(ad_sink_open(&sink, "save", paths[0], 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(save_letter(paths[0], 'a', NULL, NULL), AD_BUSY);
    ck_assert_int_eq(save_letter(paths[1], 'b', NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_sink_close(&sink, AD_OK), AD_OK);
    stop_watching();
    ck_assert_uint_eq(strlen(names_beside(s.folder, "")), 2 * 251);
    saving_end(&s);
}
END_TEST

/* Where files need a name, one of them is busy with the file, and the others are told. */
START_TEST(processes_do_not_mix_what_they_write)
{
    enum { WRITERS = 4, ROUNDS = 60 };
    saving s = saving_begin();
    make_old(&s, 0);
    for (int k = 0; k < WRITERS; k++)
        if (fork() == 0) {
            watch((fault){.named = true});
            int bad = 0;
            for (int i = 0; i < ROUNDS; i++) {
                ad_status status = save_letter(s.path, (char)('b' + k), &unsynced, NULL);
                bad += status != AD_OK && status != AD_BUSY;
            }
            _exit(bad);
        }
    for (int living = WRITERS, status; living > 0;) {
        char letter = letter_in(s.path);
        ck_assert_msg(letter >= 'a' && letter <= 'a' + WRITERS, "a file of `%c`", letter);
        if (waitpid(-1, &status, WNOHANG) > 0) {
            living--;
            ck_assert_int_eq(status, 0);
        }
    }
    ck_assert_str_eq(names_beside(s.folder, "file"), "");
    saving_end(&s);
}
END_TEST

/* ---- processes that are killed ------------------------------------------------------------ */

/* Whether the process was killed, at its call number `at`. */
static bool is_killed(const saving *s, int scene, int at)
{
    int status;
    ad_error error;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit((int)save_under(
            s, 'b', (fault){ANY, at, .kills = true, .named = (scene & NAMED) != 0, .most = 9000},
            &error));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        ck_assert_int_eq(WEXITSTATUS(status), AD_OK);
    return WIFSIGNALED(status);
}

START_TEST(every_call_may_be_the_last)
{
    saving s = saving_begin();
    int scene = _i, left = 0, at = 1;
    const char *interim =
        (scene & (LINKED | NEW)) == LINKED ? ".file-old.adze-new " : ".file.adze-new ";
    for (;; at++) {
        make_old(&s, scene);
        if (!is_killed(&s, scene, at))
            break;
        char now = letter_in(s.path), old = scene & NEW ? '\0' : 'a';
        ck_assert_msg(now == old || now == 'b', "killed at call %d: a file of `%c`", at, now);
        const char *names = names_beside(s.folder, "file");
        bool interim_left = strstr(names, interim) != NULL;
        left += interim_left;
        ck_assert_uint_eq(strlen(names),
                          strlen(expected_beside(scene)) + (interim_left ? strlen(interim) : 0));
        ad_error error; /* the next one removes what was left */
        ck_assert_int_eq(save_under(&s, 'c', (fault){.named = (scene & NAMED) != 0}, &error),
                         AD_OK);
        ck_assert_int_eq(letter_in(s.path), 'c');
        ck_assert_str_eq(names_beside(s.folder, "file"), expected_beside(scene));
    }
    ck_assert_int_gt(at, 16);
    if (scene & NAMED)
        ck_assert_int_gt(left, 8);
    else
        ck_assert_int_eq(left, 1); /* between its link and its name */
    saving_end(&s);
}
END_TEST

static void be_well(void)
{
    stop_watching();
}

int main(void)
{
    Suite *suite = suite_create("sink_faults");
    TCase *all = tcase_create("sink_faults");
    tcase_add_checked_fixture(all, NULL, be_well);
    tcase_add_loop_test(all, every_call_may_fail, 0, SCENES);
    tcase_add_loop_test(all, every_write_may_find_the_disk_full, 0, SCENES);
    add_row_tests(all, some_failures_have_a_way_out, SPECIALS, special_name);
    tcase_add_loop_test(all, permissions_that_are_right_are_not_changed, 0, 2);
    tcase_add_test(all, an_owner_that_cannot_be_kept_is_let_go);
    tcase_add_loop_test(all, what_cannot_be_removed_is_in_the_way, 0, 2);
    tcase_add_loop_test(all, an_unsynced_file_does_not_wait_for_the_disk, 0, 2);
    tcase_add_loop_test(all, a_large_file_takes_no_more_than_it_needs, 0, 4);
    tcase_add_test(all, long_names_have_interim_names_of_their_own);
    tcase_add_test(all, processes_do_not_mix_what_they_write);
    tcase_add_loop_test(all, every_call_may_be_the_last, 0, SCENES);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
