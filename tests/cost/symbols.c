/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "symbols.h"

#include <elf.h>
#include <link.h>
#include <string.h>

static GMappedFile *program;
static GHashTable *names; /* address → name */
static guintptr base;

/* The program itself comes first. */
static int
take_base (struct dl_phdr_info *info, size_t size, void *data)
{
  base = info->dlpi_addr;
  return 1;
}

static const Elf64_Shdr *
find_symbol_table (const Elf64_Ehdr *header)
{
  const Elf64_Shdr *sections =
      (const Elf64_Shdr *)((const char *)header + header->e_shoff);
  guint i;

  for (i = 0; i < header->e_shnum; i++) {
    if (sections[i].sh_type == SHT_SYMTAB)
      return &sections[i];
  }
  g_error ("This program has no symbol table: it was stripped");
  return NULL;
}

/* A compiler's clone, function.part.0 for one, counts as the function. The linker makes
 * hidden functions local, behind those of all files. */
static char *
make_name (const char *file, const char *function, gboolean global)
{
  g_autofree char *plain = g_strndup (function, strcspn (function, "."));
  g_autofree char *folderless = g_path_get_basename (file);

  if (global || *file == '\0')
    return g_steal_pointer (&plain);
  return g_strconcat (folderless, ":", plain, NULL);
}

void
symbols_read (void)
{
  g_autoptr (GError) error = NULL;
  const Elf64_Ehdr *header;
  const Elf64_Shdr *table, *strings;
  const Elf64_Sym *symbols;
  const char *texts, *file = "";
  guint i;

  program = g_mapped_file_new ("/proc/self/exe", FALSE, &error);
  g_assert_no_error (error);
  dl_iterate_phdr (take_base, NULL);
  header = (const Elf64_Ehdr *)g_mapped_file_get_contents (program);
  table = find_symbol_table (header);
  strings = (const Elf64_Shdr *)((const char *)header + header->e_shoff) + table->sh_link;
  symbols = (const Elf64_Sym *)((const char *)header + table->sh_offset);
  texts = (const char *)header + strings->sh_offset;
  names = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (i = 0; i < table->sh_size / table->sh_entsize; i++) {
    const char *text = texts + symbols[i].st_name;

    if (ELF64_ST_TYPE (symbols[i].st_info) == STT_FILE)
      file = text;
    else if (ELF64_ST_TYPE (symbols[i].st_info) == STT_FUNC && symbols[i].st_value != 0)
      g_hash_table_insert (names, (gpointer)(base + symbols[i].st_value),
          make_name (file, text, ELF64_ST_BIND (symbols[i].st_info) != STB_LOCAL));
  }
}

const char *
symbols_get_name (gconstpointer function)
{
  return g_hash_table_lookup (names, function);
}

gpointer
symbols_find (const char *name)
{
  GHashTableIter iter;
  gpointer function, known;

  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &function, &known)) {
    if (g_str_equal (known, name))
      return function;
  }
  return NULL;
}
