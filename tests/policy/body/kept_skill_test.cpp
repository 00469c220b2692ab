#include "policy/body/kept_skill.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TEST(KeptSkill, IsEveryOneThatIsNotKnownToBeForEverybody) {
  for (const char* open : {R"("pptx")", R"("docx")", R"("pdf")", R"("xlsx")", R"("p\u0064f")",
                           R"("openai-spreadsheets")"}) {
    EXPECT_FALSE(names_kept_skill(open)) << open;
  }
  for (const char* kept : {R"("skill_01AbC")", R"("")", R"("PPTX")", R"("pptx ")", R"("pdf\u0000")",
                           R"("openai_x")", R"("openai-x_1")", R"("openai-\u0131")"}) {
    EXPECT_TRUE(names_kept_skill(kept)) << kept;
  }
  EXPECT_TRUE(names_kept_skill('"' + ("openai-" + std::string(58, 'x')) + '"'));
}

}  // namespace
}  // namespace headrace::policy
