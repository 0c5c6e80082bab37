// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "ILiveLinkClient.h"
#include "ILiveLinkSource.h"
#include "GengineFrames.h"

// Two Live Link subjects: NAME_Face (ARKit's curves, as MetaHumans take them) and NAME_Body (a skeleton).
class FGengineLiveLinkSource : public ILiveLinkSource
{
public:
	explicit FGengineLiveLinkSource(const FString& InName) : Name(InName) {}

	virtual void ReceiveClient(ILiveLinkClient* InClient, FGuid InGuid) override { Client = InClient; Guid = InGuid; }
	virtual bool IsSourceStillValid() const override { return Client != nullptr; }
	virtual bool RequestSourceShutdown() override { Client = nullptr; return true; }
	virtual FText GetSourceType() const override { return FText::FromString(TEXT("gengine")); }
	virtual FText GetSourceMachineName() const override { return FText::FromString(Name); }
	virtual FText GetSourceStatus() const override { return FText::FromString(TEXT("live")); }

	// Names of the welcome: curves in ARKit's order, joints with their parents and offsets (metres).
	void Describe(const TArray<FName>& Curves, const TArray<FName>& Joints, const TArray<int32>& Parents, const TArray<FVector>& Offsets);
	void Show(const gengine::Frame* Face, const gengine::Frame* Body);

private:
	FLiveLinkSubjectKey Key(const TCHAR* Part) const { return FLiveLinkSubjectKey(Guid, FName(*(Name + Part))); }

	FString Name;
	ILiveLinkClient* Client = nullptr;
	FGuid Guid;
	TArray<FVector> Places;  // of joints in their parents, Unreal's axes, cm
};
