#include "policy/dialect/stored_path.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TEST(StoredPath, IsKnownByItsWordsUnderAnyPrefix) {
  for (const char* path : {"/v1/files",
                           "/files",
                           "/openai/files/f_1",
                           "/openai/v1/files/f_1/content",
                           "/openai/v1/vector_stores/vs_1/search",
                           "/openai/deployments/d/batches",
                           "/openai/fine_tuning/jobs",
                           "/openai/operations/images/o_1",
                           "/proxy/openai/v1/conversations",
                           "/v1/audio/voices",
                           "/v1/audio/voice_consents/c_1",
                           "/v1/agents/sessions",
                           "/v1/sessions/s_1",
                           "/v1/memory_stores",
                           "/v1/deployments/d_1/run",
                           "/v1/batch/jobs",
                           "/openai/v1/video/generations/jobs",
                           "/openai/v1/video/generations/g_1/content/video",
                           "/v1beta/generatedFiles",
                           "/v1/chat/deferred-completion/c_1",
                           "/model/m/async-invoke",
                           "/v1/agents/completions",
                           "/v1/realtime/calls/c_1/hangup",
                           "/v2/responses/resp_1",
                           "/v1/projects/p/locations/l/cachedContents",
                           "/x/v1/projects/p/locations/l/endpoints/e:predict",
                           "/x/v1beta/models/g:batchGenerateContent",
                           "/x/v1beta/models/v:predictLongRunning",
                           "/x/v1beta/tunedModels/t:generateContent"}) {
    EXPECT_TRUE(addresses_stored("POST", path)) << path;
  }
}

TEST(StoredPath, IsFoundHoweverItIsWritten) {
  for (const char* path : {"//v1/files",
                           "/v1//files",
                           "/v1/Files",
                           "/V1/FILES",
                           "/v1/f%69les",
                           "/v1/%46iles",
                           "/v1/files%20",
                           "/v1/files;x",
                           "/v1/files/",
                           "/v1/files:register",
                           "/v1/x/../files",
                           "/v1/./files",
                           "/v1%2Ffiles",
                           "/v1%2ffiles/f",
                           "/v1%5Cfiles",
                           "/v1\\files",
                           "/v1/vector-stores",
                           "/v1/vectorStores",
                           "/v1/Vector_Stores",
                           "/v1/cached_contents",
                           "/v1beta/models/g%3AbatchGenerateContent",
                           "/v1beta/models/g:BatchGenerateContent",
                           "/v1beta/models/a:b:batchGenerateContent",
                           "/v1/models%2f..%2ffiles"}) {
    EXPECT_TRUE(addresses_stored("POST", path)) << path;
  }
  EXPECT_TRUE(addresses_stored("GET", "/" + std::string(5'000, 'a') + "/files"));
}

TEST(StoredPath, IsNotWhatIsOnlyCalledAlike) {
  for (const char* path : {"/",
                           "",
                           "/v1/images/edits",
                           "/v1/audio/transcriptions",
                           "/v1/ocr",
                           "/openai/deployments/d/chat/completions",
                           "/openai/deployments/d/images/generations",
                           "/openai/v1/responses",
                           "/openai/v1/responses/compact",
                           "/custom/v1/responses/input_tokens",
                           "/v1/realtime/sessions",
                           "/v1/realtime/calls",
                           "/v1/realtime/client_secrets",
                           "/v1beta/models/imagen-4:predict",
                           "/x/v1/projects/p/locations/l/publishers/google/models/g:predict",
                           "/v1/filesystem",
                           "/v1/myfiles",
                           "/v1/file",
                           "/v1/tfiles/x",
                           "/v1/workflows/w/execute",
                           "/v1/jobs",
                           "/v1/models/%",
                           "/v1/models/%2",
                           "/v1/models/%zzfiles"}) {
    EXPECT_FALSE(addresses_stored("POST", path)) << path;
  }
  EXPECT_FALSE(addresses_stored("POST", "/v1/files" + std::string(40, 'x')));
}

TEST(StoredPath, OfChatsIsWhatDoesNotBeginOne) {
  EXPECT_FALSE(addresses_stored("POST", "/openai/deployments/d/chat/completions"));
  EXPECT_TRUE(addresses_stored("GET", "/openai/v1/chat/completions"));
  EXPECT_TRUE(addresses_stored("POST", "/openai/v1/chat/completions/c_1"));
  EXPECT_FALSE(addresses_stored("GET", "/openai/v1/completions"));
}

}  // namespace
}  // namespace headrace::policy
