// SPDX-License-Identifier: Apache-2.0
using UnrealBuildTool;

public class GengineLive : ModuleRules
{
    public GengineLive(ReadOnlyTargetRules Target) : base(Target)
    {
        PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
        PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine", "LiveLinkInterface" });
        PrivateDependencyModuleNames.AddRange(new[] { "WebSockets", "Json", "AudioCaptureCore" });
    }
}
